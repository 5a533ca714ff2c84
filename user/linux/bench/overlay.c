/* An overlay whose layers all lie on the disk.
 *
 * The disk has four lower layers, `lower/0` to `lower/3` (host/cli/src/bench/disks.rs makes them): every layer has
 * every directory, and each fourth of the 2,000 files lies in one of them, so that a name is looked for in up to
 * four layers. `large` lies in the lowest. Copy-up counts up to the end of a sync. */
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MERGED "/tmp/merged"
#define LOWER PLACE "/lower/"
#define FILES 2000
#define IN_DIRECTORY 100
#define COPIED 1000
#define LARGE_MEBIBYTES 64

static int attach(void) {
    const char *directories[] = { MERGED, PLACE "/upper", PLACE "/work" };
    for (int i = 0; i < 3; i++)
        if (mkdir(directories[i], 0755) == -1 && errno != EEXIST) return -1;
    return mount("overlay", MERGED, "overlay", 0,
                 "lowerdir=" LOWER "0:" LOWER "1:" LOWER "2:" LOWER "3,upperdir=" PLACE "/upper,workdir=" PLACE "/work");
}

/* Nothing of the disk or of the overlay is in memory. */
static int attach_cold(void) { return cool() == -1 ? -1 : attach(); }

static void name_of(char *path, long i) { sprintf(path, MERGED "/%ld/file-%ld", i / IN_DIRECTORY, i); }

static long look_up_all(long *count) {
    char path[100];
    struct stat found;
    struct stamp stamp = begin();
    for (long i = 0; i < FILES; i++) {
        name_of(path, i);
        NEED(stat(path, &found));
    }
    *count = FILES;
    return since(stamp);
}

/* Opens the first files for writing. */
static long copy_up_files(long *count) {
    char path[100];
    struct stamp stamp = begin();
    for (long i = 0; i < COPIED; i++) {
        name_of(path, i);
        int file = open(path, O_WRONLY);
        NEED(file);
        close(file);
    }
    sync();
    *count = COPIED;
    return since(stamp);
}

static long copy_up_one(long *count) {
    struct stamp stamp = begin();
    int file = open(MERGED "/large", O_WRONLY);
    NEED(file);
    close(file);
    sync();
    *count = LARGE_MEBIBYTES;
    return since(stamp);
}

static long look_up_again(long *count) {
    long first = look_up_all(count);
    return first < 0 ? first : look_up_all(count);
}

/* Runs on a fresh overlay. */
static long on_overlay(long (*run)(long *count), long *count) {
    if (attach_cold() == -1) return -errno;
    long took = run(count);
    NEED(umount(MERGED));
    return took;
}

long overlay_lookup_cold(long *count) { return on_overlay(look_up_all, count); }

long overlay_lookup_cached(long *count) { return on_overlay(look_up_again, count); }

long overlay_copy_up(long *count) { return on_overlay(copy_up_files, count); }

long overlay_copy_up_large(long *count) { return on_overlay(copy_up_one, count); }
