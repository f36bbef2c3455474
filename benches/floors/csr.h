/* Adjacency of a graph as compressed rows: what the floors loop over. Reads pairs of little-endian 32-bit numbers,
 * of which the first are the bounds of both. */

#ifndef GRISM_FLOORS_CSR_H
#define GRISM_FLOORS_CSR_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pairs {
    uint32_t *values; /* first and second of each pair */
    size_t count;     /* pairs */
    uint32_t rows;    /* more than every first number */
    uint32_t columns; /* more than every second number */
};

/* The neighbours of n are targets[starts[n]] to targets[starts[n + 1] - 1], in ascending order. */
struct csr {
    uint32_t nodes;
    uint64_t *starts;
    uint32_t *targets;
};

static void *allocated(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static struct pairs read_pairs(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    struct pairs pairs = {NULL, (size_t)ftell(file) / 8 - 1, 0, 0};
    rewind(file);
    if (fread(&pairs.rows, 4, 1, file) != 1 || fread(&pairs.columns, 4, 1, file) != 1) {
        fprintf(stderr, "%s is empty\n", path);
        exit(1);
    }
    pairs.values = (uint32_t *)allocated(2 * pairs.count, sizeof(uint32_t));
    if (fread(pairs.values, 8, pairs.count, file) != pairs.count) {
        fprintf(stderr, "%s ends early\n", path);
        exit(1);
    }
    fclose(file);
    for (size_t i = 0; i < pairs.count; i++) {
        uint32_t first = pairs.values[2 * i], second = pairs.values[2 * i + 1];
        if (first >= pairs.rows || second >= pairs.columns) {
            fprintf(stderr, "%s has numbers out of bounds\n", path);
            exit(1);
        }
    }
    return pairs;
}

/* Rows by the number at `from` (0 or 1) of each pair; two passes of counting sort leave each row sorted. */
static struct csr rows_of(struct pairs pairs, int from, uint32_t nodes) {
    uint32_t others = from == 0 ? pairs.columns : pairs.rows;
    uint64_t *counts = (uint64_t *)allocated(others + 1, sizeof(uint64_t));
    uint32_t *order = (uint32_t *)allocated(pairs.count, sizeof(uint32_t));
    for (size_t i = 0; i < pairs.count; i++) counts[pairs.values[2 * i + 1 - from] + 1]++;
    for (uint32_t n = 0; n < others; n++) counts[n + 1] += counts[n];
    for (size_t i = 0; i < pairs.count; i++) order[counts[pairs.values[2 * i + 1 - from]]++] = (uint32_t)i;
    free(counts);
    struct csr csr = {nodes, (uint64_t *)allocated(nodes + 2, sizeof(uint64_t)), NULL};
    csr.targets = (uint32_t *)allocated(pairs.count, sizeof(uint32_t));
    for (size_t i = 0; i < pairs.count; i++) csr.starts[pairs.values[2 * i + from] + 2]++;
    for (uint32_t n = 0; n < nodes; n++) csr.starts[n + 2] += csr.starts[n + 1];
    for (size_t i = 0; i < pairs.count; i++) {
        uint32_t *pair = pairs.values + 2 * (size_t)order[i];
        csr.targets[csr.starts[pair[from] + 1]++] = pair[1 - from];
    }
    free(order);
    return csr;
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

#endif
