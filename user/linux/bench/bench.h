/* The benchmark: what a row is, and the clock.
 *
 * A row does one thing COUNT times and returns how many nanoseconds that took, set-up and
 * clean-up left out, or the negative number of an error where the kernel lacks what it needs.
 * Under `-icount shift=0` a nanosecond of CLOCK_MONOTONIC is one instruction of the guest. */
#ifndef BENCH_H
#define BENCH_H
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <time.h>

struct row {
    const char *name;
    long count;              /* how often, when instructions are counted */
    int cpus;                /* how many CPUs it needs */
    long (*run)(long count); /* nanoseconds, or a negative errno */
};

/* The rows of each file; the last one has no name. */
extern const struct row call_rows[], process_rows[], wake_rows[], memory_rows[], file_rows[];

/* Where the benchmark may write; a tmpfs. */
#define SCRATCH "/tmp/bench"

static inline long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* Leaves a row with the error of the call that failed. */
#define NEED(call) do { if ((long)(call) == -1) return -errno; } while (0)

/* The disk's file system (disk.c). */
#define PLACE "/tmp/disk"
#define MEBIBYTE (1L << 20)

/* A moment; when instructions are counted, with how long CPUs have been halted. */
struct stamp { long time, halted; };
struct stamp begin(void);

/* Nanoseconds since then, less those for which CPUs were halted when instructions are counted. */
long since(struct stamp stamp);

/* Mounts the disk anew, so that nothing of it is in memory and nothing is left to do. */
int cool(void);

/* Rows over the disk: nanoseconds or a negative errno, and how many things were done. */
long overlay_lookup_cold(long *count), overlay_lookup_cached(long *count);
long overlay_copy_up(long *count), overlay_copy_up_large(long *count);

/* Runs the rows with these names, or all, on a device with an ext2 file system; the exit status. */
int disk_rows(int is_counted, const char *device, char **names);

/* Runs only on the CPU with this number from now on. */
int pin(int cpu);
#endif
