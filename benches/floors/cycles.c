/* Counts of closed patterns, by marks of the neighbours of one node.
 *
 * cycles triangles|cycles-3|squares|cliques-4 FILE RUNS
 */

#include "csr.h"

static struct csr out, in;

/* Pairs of neighbours b of a and c of b, where `closing` has c in the row of a. */
static uint64_t closed(struct csr closing) {
    uint8_t *marks = (uint8_t *)allocated(out.nodes, 1);
    uint64_t count = 0;
    for (uint32_t a = 0; a < out.nodes; a++) {
        for (uint64_t i = closing.starts[a]; i < closing.starts[a + 1]; i++) marks[closing.targets[i]] = 1;
        for (uint64_t i = out.starts[a]; i < out.starts[a + 1]; i++) {
            uint32_t b = out.targets[i];
            for (uint64_t j = out.starts[b]; j < out.starts[b + 1]; j++) count += marks[out.targets[j]];
        }
        for (uint64_t i = closing.starts[a]; i < closing.starts[a + 1]; i++) marks[closing.targets[i]] = 0;
    }
    free(marks);
    return count;
}

/* Walks of 2 hops from a to c, each with the walks of 2 hops back, less those through the same middle. */
static uint64_t squares(void) {
    uint32_t *walks = (uint32_t *)allocated(out.nodes, sizeof(uint32_t));
    uint8_t *marks = (uint8_t *)allocated(out.nodes, 1);
    uint64_t count = 0;
    for (uint32_t a = 0; a < out.nodes; a++) {
        uint64_t mutual = 0;
        for (uint64_t i = in.starts[a]; i < in.starts[a + 1]; i++) {
            uint32_t d = in.targets[i];
            marks[d] = 1;
            for (uint64_t j = in.starts[d]; j < in.starts[d + 1]; j++) walks[in.targets[j]]++;
        }
        walks[a] = 0;
        for (uint64_t i = out.starts[a]; i < out.starts[a + 1]; i++) {
            uint32_t b = out.targets[i];
            mutual += marks[b];
            for (uint64_t j = out.starts[b]; j < out.starts[b + 1]; j++) count += walks[out.targets[j]];
        }
        /* As the middle on both ways, a belongs to two walks of others that are no square. */
        count -= mutual * (mutual - (mutual > 0));
        for (uint64_t i = in.starts[a]; i < in.starts[a + 1]; i++) {
            uint32_t d = in.targets[i];
            marks[d] = 0;
            for (uint64_t j = in.starts[d]; j < in.starts[d + 1]; j++) walks[in.targets[j]] = 0;
        }
    }
    free(walks);
    free(marks);
    return count;
}

/* Of the neighbours of a and of b, a triangle's c and d have the marks 3. */
static uint64_t cliques(void) {
    uint8_t *marks = (uint8_t *)allocated(out.nodes, 1);
    uint64_t count = 0;
    for (uint32_t a = 0; a < out.nodes; a++) {
        for (uint64_t i = out.starts[a]; i < out.starts[a + 1]; i++) marks[out.targets[i]] |= 1;
        for (uint64_t i = out.starts[a]; i < out.starts[a + 1]; i++) {
            uint32_t b = out.targets[i];
            for (uint64_t j = out.starts[b]; j < out.starts[b + 1]; j++) marks[out.targets[j]] |= 2;
            for (uint64_t j = out.starts[b]; j < out.starts[b + 1]; j++) {
                uint32_t c = out.targets[j];
                if (marks[c] != 3) continue;
                for (uint64_t k = out.starts[c]; k < out.starts[c + 1]; k++) count += marks[out.targets[k]] == 3;
            }
            for (uint64_t j = out.starts[b]; j < out.starts[b + 1]; j++) marks[out.targets[j]] &= 1;
        }
        for (uint64_t i = out.starts[a]; i < out.starts[a + 1]; i++) marks[out.targets[i]] = 0;
    }
    free(marks);
    return count;
}

static uint64_t answer(const char *task) {
    if (strcmp(task, "triangles") == 0) return closed(out);
    if (strcmp(task, "cycles-3") == 0) return closed(in);
    return strcmp(task, "squares") == 0 ? squares() : cliques();
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    struct pairs pairs = read_pairs(arguments[2]);
    uint32_t nodes = pairs.rows > pairs.columns ? pairs.rows : pairs.columns;
    out = rows_of(pairs, 0, nodes);
    in = rows_of(pairs, 1, nodes);
    uint64_t found = 0;
    printf("{\"milliseconds\": [");
    for (int run = 0; run < atoi(arguments[3]); run++) {
        double begun = milliseconds();
        found = answer(arguments[1]);
        printf("%s%.3f", run == 0 ? "" : ", ", milliseconds() - begun);
    }
    printf("], \"answer\": [[%llu]]}\n", (unsigned long long)found);
    return 0;
}
