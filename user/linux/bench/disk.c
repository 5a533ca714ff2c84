/* Files on a disk with an ext2 file system.
 *
 * The disk has a file `data` and a directory `tree` (host/cli/src/bench/disks.rs makes it). Where a row is
 * "cold", the file system is mounted anew just before, so that nothing of it is in memory. What is written
 * counts up to the end of a sync: neither kernel may leave its work for later.
 *
 * When instructions are counted, a CPU that waits for the disk halts, and the time it is halted for is the
 * host's, not the guest's work. So it is taken off: both kernels account for it by the nanosecond or so. */
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEBIBYTES 256
#define BLOCK 65536
#define FILES 10000
#define RANDOM_READS 8000
#define APPENDS 1000

static const char *device;
static int is_counted;
static char block[BLOCK];

/* The nanosecond that all halted CPUs have spent together. */
static long halted(void) {
    char line[300];
    long sum = 0, value;
    FILE *file = fopen("/proc/scarlet/scheduler", "r");
    if (file) {
        if (!fgets(line, sizeof line, file)) line[0] = 0;
        while (fgets(line, sizeof line, file)) {
            char *last = strrchr(line, ' ');
            if (last && *line == ' ') sum += atol(last) * 1000;
        }
    } else if ((file = fopen("/proc/timer_list", "r"))) {
        while (fgets(line, sizeof line, file))
            if (sscanf(line, " .idle_sleeptime : %ld", &value) == 1 || sscanf(line, " .iowait_sleeptime : %ld", &value) == 1)
                sum += value;
    }
    if (file) fclose(file);
    return sum;
}

struct stamp begin(void) {
    struct stamp stamp = { 0, is_counted ? halted() : 0 };
    stamp.time = now();
    return stamp;
}

long since(struct stamp stamp) {
    long took = now() - stamp.time;
    return is_counted ? took - (halted() - stamp.halted) : took;
}

static int attach(void) { return mount(device, PLACE, "ext2", 0, NULL); }

int cool(void) {
    sync();
    if (umount(PLACE) == -1 && errno != EINVAL) return -1;
    return attach();
}

static long read_whole(const char *path) {
    int file = open(path, O_RDONLY);
    NEED(file);
    long got, sum = 0;
    while ((got = read(file, block, BLOCK)) > 0) sum += got;
    close(file);
    return got < 0 ? -errno : sum / MEBIBYTE;
}

static long read_cached(long *count) {
    struct stamp stamp = begin();
    long got = read_whole(PLACE "/data");
    if (got < 0) return got;
    *count = got;
    return since(stamp);
}

static long read_cold(long *count) {
    NEED(cool());
    return read_cached(count);
}

static long write_whole(int sync, long *count) {
    struct stamp stamp = begin();
    int file = open(PLACE "/written", O_WRONLY | O_CREAT, 0644);
    NEED(file);
    for (long done = 0; done < MEBIBYTES * MEBIBYTE; done += BLOCK)
        if (write(file, block, BLOCK) != BLOCK) return -errno;
    if (sync) NEED(fsync(file));
    close(file);
    *count = MEBIBYTES;
    return since(stamp);
}

static long write_cold(long *count) {
    NEED(cool());
    if (unlink(PLACE "/written") == -1 && errno != ENOENT) return -errno;
    return write_whole(1, count);
}

/* Its pages are in memory, and clean. */
static long write_cached(long *count) {
    long done = write_whole(1, count);
    return done < 0 ? done : write_whole(0, count);
}

static long random_cached(long *count) {
    unsigned long seed = 1, pages = MEBIBYTES * MEBIBYTE / 4096;
    int file = open(PLACE "/data", O_RDONLY);
    NEED(file);
    struct stamp stamp = begin();
    for (long i = 0; i < RANDOM_READS; i++) {
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
        if (pread(file, block, 4096, (seed >> 33) % pages * 4096) != 4096) return -errno;
    }
    long took = since(stamp);
    close(file);
    *count = RANDOM_READS;
    return took;
}

static long random_cold(long *count) {
    NEED(cool());
    return random_cached(count);
}

/* Runs a program with output to nowhere. */
static int execute(char **words) {
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1);
        execv(words[0], words);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    errno = ECANCELED;
    return status ? -1 : 0;
}

static long find_cached(long *count) {
    char *words[] = { "/bin/busybox", "find", PLACE "/tree", "-type", "f", NULL };
    NEED(execute(words));
    struct stamp stamp = begin();
    NEED(execute(words));
    *count = 2000;
    return since(stamp);
}

static long find_cold(long *count) {
    char *words[] = { "/bin/busybox", "find", PLACE "/tree", "-type", "f", NULL };
    NEED(cool());
    struct stamp stamp = begin();
    NEED(execute(words));
    *count = 2000;
    return since(stamp);
}

static long create(long *count) {
    char path[100];
    mkdir(PLACE "/many", 0755);
    struct stamp stamp = begin();
    for (long i = 0; i < FILES; i++) {
        sprintf(path, PLACE "/many/file-%ld", i);
        int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        NEED(file);
        if (write(file, block, 1000) != 1000) return -errno;
        close(file);
    }
    sync();
    *count = FILES;
    return since(stamp);
}

static long delete(long *count) {
    char path[100];
    struct stamp stamp = begin();
    for (long i = 0; i < FILES; i++) {
        sprintf(path, PLACE "/many/file-%ld", i);
        NEED(unlink(path));
    }
    sync();
    *count = FILES;
    return since(stamp);
}

static long unpack(long *count) {
    char *pack[] = { "/bin/busybox", "tar", "cf", "/tmp/disk.tar", "-C", PLACE, "tree", NULL };
    char *words[] = { "/bin/busybox", "tar", "xf", "/tmp/disk.tar", "-C", PLACE "/new", NULL };
    NEED(execute(pack));
    if (mkdir(PLACE "/new", 0755) == -1 && errno != EEXIST) return -errno;
    struct stamp stamp = begin();
    NEED(execute(words));
    sync();
    *count = 2000;
    return since(stamp);
}

static long append(long *count) {
    int file = open(PLACE "/journal", O_WRONLY | O_CREAT | O_APPEND, 0644);
    NEED(file);
    struct stamp stamp = begin();
    for (long i = 0; i < APPENDS; i++) {
        if (write(file, block, 100) != 100) return -errno;
        NEED(fsync(file));
    }
    long took = since(stamp);
    close(file);
    *count = APPENDS;
    return took;
}

/* In this order: each finds what the one before left. */
static const struct { const char *name; long (*run)(long *count); } all[] = {
    { "disk_read_cold", read_cold },     { "disk_read_cached", read_cached },
    { "disk_random_cold", random_cold }, { "disk_random_cached", random_cached },
    { "disk_write", write_cold },        { "disk_rewrite", write_cached },
    { "disk_find_cold", find_cold },     { "disk_find_cached", find_cached },
    { "disk_unpack", unpack },           { "disk_create", create },
    { "disk_delete", delete },           { "disk_append_fsync", append },
    { "overlay_lookup_cold", overlay_lookup_cold }, { "overlay_lookup_cached", overlay_lookup_cached },
    { "overlay_copy_up", overlay_copy_up },         { "overlay_copy_up_large", overlay_copy_up_large },
};

int disk_rows(int counted, const char *from, char **names) {
    is_counted = counted;
    device = from;
    for (int i = 0; i < BLOCK; i++) block[i] = i * 7;
    mkdir(PLACE, 0755);
    if (attach() == -1) { perror(from); return 1; }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int wanted = !names[0];
        for (char **name = names; *name; name++) wanted |= !strcmp(*name, all[i].name);
        if (!wanted) continue;
        /* What the row before left for later is not this one's. */
        sync();
        long count = 1, took = all[i].run(&count);
        if (took < 0) printf("row %s missing %s\n", all[i].name, strerrorname_np(-took));
        else printf("row %s %ld %ld\n", all[i].name, took, count);
        fflush(stdout);
    }
    sync();
    if (umount(PLACE) == -1) { perror("umount"); return 1; }
    return 0;
}
