/* Memory: mappings and page faults. */
#include "bench.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L

static void touch(volatile char *start, long pages) {
    for (long i = 0; i < pages; i++) start[i * PAGE] = 1;
}

/* 1 MiB mapped, every page written, unmapped. */
static long mmap_touch(long count) {
    long start = now();
    for (long i = 0; i < count; i++) {
        char *area = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        NEED(area);
        touch(area, 256);
        NEED(munmap(area, 256 * PAGE));
    }
    return now() - start;
}

/* A page each. */
static long anonymous_fault(long count) {
    char *area = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(area);
    long start = now();
    touch(area, count);
    long took = now() - start;
    munmap(area, count * PAGE);
    return took;
}

/* A page each of a file whose pages are in memory; up to 16 MiB of it, as often as it takes. */
static long file_fault(long count) {
    static const char page[PAGE];
    long pages = count < 4096 ? count : 4096, took = 0;
    int file = open(SCRATCH "/mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
    NEED(file);
    for (long i = 0; i < pages; i++)
        if (write(file, page, PAGE) != PAGE) return -errno;
    for (long done = 0; done < count; done += pages) {
        volatile char *area = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, file, 0);
        NEED(area);
        long start = now();
        for (long i = 0; i < pages && i < count - done; i++) (void)area[i * PAGE];
        took += now() - start;
        munmap((void *)area, pages * PAGE);
    }
    close(file);
    unlink(SCRATCH "/mapped");
    return took;
}

const struct row memory_rows[] = {
    { "mmap_touch", 20, 1, mmap_touch },
    { "anonymous_fault", 4000, 1, anonymous_fault },
    { "file_fault", 4000, 1, file_fault },
    { 0 },
};
