/* Files on a tmpfs. */
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made, 4 KiB written, removed. */
static long create_delete(long count) {
    static const char block[4096];
    long start = now();
    for (long i = 0; i < count; i++) {
        int file = open(SCRATCH "/new", O_WRONLY | O_CREAT | O_EXCL, 0644);
        NEED(file);
        if (write(file, block, sizeof block) != sizeof block) return -errno;
        close(file);
        NEED(unlink(SCRATCH "/new"));
    }
    return now() - start;
}

static long path_walk(long count) {
    char path[100] = SCRATCH;
    int length = sizeof SCRATCH - 1;
    struct stat found;
    for (int depth = 0; depth < 8; depth++) {
        length += sprintf(path + length, "/deep%d", depth);
        if (mkdir(path, 0755) == -1 && errno != EEXIST) return -errno;
    }
    long start = now();
    for (long i = 0; i < count; i++) NEED(stat(path, &found));
    return now() - start;
}

const struct row file_rows[] = {
    { "create_delete", 1000, 1, create_delete },
    { "path_walk", 5000, 1, path_walk },
    { 0 },
};
