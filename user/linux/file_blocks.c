/* Which parts of a sparse file have room, as the program and the file system see it: by blocks, which may be smaller than a
 * page, and the same before and after the file is stored. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int file;

/* Where data begins and ends, and how much room there is; once more when all of it is stored. */
static void show(const char *what) {
    for (int stored = 0; stored < 2; stored++) {
        struct stat status;
        fstat(file, &status);
        char text[400];
        int length = 0;
        off_t at = 0;
        while ((at = lseek(file, at, SEEK_DATA)) >= 0 && length < 300) {
            off_t end = lseek(file, at, SEEK_HOLE);
            length += snprintf(text + length, sizeof text - length, " %ld-%ld", (long)at, (long)end);
            at = end;
        }
        text[length] = 0;
        SHOW(what, "%ld %ld:%s", (long)status.st_size, (long)status.st_blocks, text);
        fsync(file);
    }
}

static void put(off_t at, int length) {
    char bytes[9000];
    memset(bytes, 'x', sizeof bytes);
    CALL(pwrite(file, bytes, length, at));
}

static void punch(off_t at, off_t length) {
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length));
}

int main(void) {
    file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CALL(ftruncate(file, 40000));
    show("empty");
    put(1500, 100);
    show("one block");
    put(2000, 100);
    show("across blocks");
    put(4096, 1);
    put(8191, 2);
    put(3 * 4096 + 3000, 4096);
    show("here and there");
    CALL(ftruncate(file, 41001));
    put(50000, 100);
    show("grown");
    CALL(ftruncate(file, 50001));
    show("cut in a block");
    CALL(ftruncate(file, 49000));
    show("cut in a page");
    put(20480, 9000);
    show("filled");
    punch(20480 + 100, 1000);
    show("hole within a block");
    punch(20480 + 100, 2000);
    show("hole around a block");
    punch(20480 + 3000, 4200);
    show("hole over a page's border");
    punch(24576, 4096);
    show("hole of a page");
    punch(40000, 100000);
    show("hole beyond the end");

    char *map = mmap(0, 49000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(map != MAP_FAILED);
    map[32768 + 2000] = 'y';
    show("mapped");
    punch(32768 + 1000, 2100);
    show("hole under a mapping");
    SHOW("zero", "%d", map[32768 + 2000]);
    map[32768 + 2001] = 'z';
    show("mapped again");
    SHOW("byte", "%d %d", map[32768 + 2000], map[32768 + 2001]);
    map[48999] = 'e';
    show("the last page");
    CALL(ftruncate(file, 60000));
    show("grown behind it");
    map[49151] = 'f';
    show("the rest of it");
    CALL(ftruncate(file, 32768 + 2000));
    show("cut under a mapping");
    CALL(ftruncate(file, 40960));
    show("grown under a mapping");
    map[32768 + 4095] = 'g';
    show("changed under a mapping");
    CALL(munmap(map, 49000));

    unsigned sum = 0;
    char byte;
    for (off_t at = 0; pread(file, &byte, 1, at) == 1; at++) sum = sum * 31 + byte;
    SHOW("sum", "%u", sum);
    END();
}
