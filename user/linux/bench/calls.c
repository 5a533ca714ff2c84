/* Single system calls. */
#include "bench.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long null_call(long count) {
    long start = now();
    for (long i = 0; i < count; i++) NEED(syscall(SYS_getppid));
    return now() - start;
}

static long read_byte(long count) {
    char byte;
    int file = open("/dev/zero", O_RDONLY);
    NEED(file);
    long start = now();
    for (long i = 0; i < count; i++) NEED(read(file, &byte, 1));
    return now() - start;
}

static long write_byte(long count) {
    int file = open("/dev/null", O_WRONLY);
    NEED(file);
    long start = now();
    for (long i = 0; i < count; i++) NEED(write(file, "x", 1));
    return now() - start;
}

static long open_close(long count) {
    NEED(close(open(SCRATCH "/file", O_RDWR | O_CREAT, 0644)));
    long start = now();
    for (long i = 0; i < count; i++) NEED(close(open(SCRATCH "/file", O_RDONLY)));
    return now() - start;
}

static long stat_file(long count) {
    struct stat found;
    NEED(close(open(SCRATCH "/file", O_RDWR | O_CREAT, 0644)));
    long start = now();
    for (long i = 0; i < count; i++) NEED(stat(SCRATCH "/file", &found));
    return now() - start;
}

const struct row call_rows[] = {
    { "null_call", 20000, 1, null_call },
    { "read_byte", 20000, 1, read_byte },
    { "write_byte", 20000, 1, write_byte },
    { "open_close", 5000, 1, open_close },
    { "stat", 5000, 1, stat_file },
    { 0 },
};
