/* Counts of paths of 2 to 4 hops, by loops over the edges that add up degrees.
 *
 * hops walks-2|walks-3|trails-3|walks-4|trails-4 FILE RUNS
 */

#include "csr.h"

static struct csr out, in;

static uint64_t degree(struct csr csr, uint32_t node) { return csr.starts[node + 1] - csr.starts[node]; }

/* The sum, over the neighbours of each node, of their weights; without weights each counts one. */
static uint64_t *weighted(struct csr csr, const uint64_t *weights) {
    uint64_t *sums = (uint64_t *)allocated(csr.nodes, sizeof(uint64_t));
    for (uint32_t node = 0; node < csr.nodes; node++) {
        uint64_t sum = 0;
        for (uint64_t i = csr.starts[node]; i < csr.starts[node + 1]; i++)
            sum += weights == NULL ? degree(csr, csr.targets[i]) : weights[csr.targets[i]];
        sums[node] = sum;
    }
    return sums;
}

/* Walks whose middle node is each node: those that end there times those that begin there. */
static uint64_t joined(const uint64_t *ending, const uint64_t *beginning) {
    uint64_t count = 0;
    for (uint32_t node = 0; node < out.nodes; node++) {
        uint64_t before = ending == NULL ? degree(in, node) : ending[node];
        count += before * (beginning == NULL ? degree(out, node) : beginning[node]);
    }
    return count;
}

static uint64_t walks(int hops) {
    if (hops == 2) {
        uint64_t count = 0;
        for (uint64_t i = 0; i < out.starts[out.nodes]; i++) count += degree(out, out.targets[i]);
        return count;
    }
    uint64_t *after = weighted(out, NULL), *before = hops == 4 ? weighted(in, NULL) : NULL;
    uint64_t count = joined(before, after);
    free(after);
    free(before);
    return count;
}

/* What repeats an edge in a walk: edges that go back, with what follows and what goes before them, and cycles of 3. */
static uint64_t repeated(int hops) {
    uint8_t *marks = (uint8_t *)allocated(out.nodes, 1);
    uint64_t mutual = 0, following = 0, preceding = 0, cycles = 0;
    for (uint32_t a = 0; a < out.nodes; a++) {
        for (uint64_t i = in.starts[a]; i < in.starts[a + 1]; i++) marks[in.targets[i]] = 1;
        for (uint64_t i = out.starts[a]; i < out.starts[a + 1]; i++) {
            uint32_t b = out.targets[i];
            if (marks[b]) {
                mutual++;
                following += degree(out, b);
                preceding += degree(in, a);
            }
            if (hops == 4)
                for (uint64_t j = out.starts[b]; j < out.starts[b + 1]; j++) cycles += marks[out.targets[j]];
        }
        for (uint64_t i = in.starts[a]; i < in.starts[a + 1]; i++) marks[in.targets[i]] = 0;
    }
    free(marks);
    return hops == 3 ? mutual : following + preceding + cycles - mutual;
}

static uint64_t answer(const char *task) {
    int hops = task[strlen(task) - 1] - '0';
    return walks(hops) - (strncmp(task, "trails", 6) == 0 ? repeated(hops) : 0);
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
