/* Sparse files: holes, SEEK_DATA and SEEK_HOLE, fallocate, truncation. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CALL(pwrite(file, "x", 1, 1 << 20));
    struct stat status;
    fstat(file, &status);
    SHOW("size", "%ld %ld", (long)status.st_size, (long)status.st_blocks);
    CALL(lseek(file, 0, SEEK_DATA));
    CALL(lseek(file, 0, SEEK_HOLE));
    CALL(lseek(file, 1 << 20, SEEK_HOLE));
    CALL(lseek(file, 2 << 20, SEEK_DATA));
    CALL(lseek(file, -1, SEEK_SET));
    CALL(lseek(file, -1, SEEK_END));
    CALL(lseek(file, 1L << 62, SEEK_CUR));
    char byte = 1;
    CALL(pread(file, &byte, 1, 500000));
    SHOW("hole", "%d", byte);
    CALL(ftruncate(file, 10));
    CALL(ftruncate(file, 1 << 20));
    CALL(pread(file, &byte, 1, (1 << 20) - 1));
    SHOW("cut", "%d", byte);
    CALL(posix_fallocate(file, 0, 8192));
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 4096));
    CALL(fallocate(file, 0, 0, 0));
    CALL(ftruncate(file, -1));
    CALL(truncate("file", 5));
    CALL(truncate("nothing", 5));
    CALL(ftruncate(open("file", O_RDONLY), 1));
    END();
}
