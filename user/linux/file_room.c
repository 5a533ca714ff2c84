/* fallocate: modes, holes, promises, holes under mappings. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int file;

static void look(const char *what) {
    struct stat status;
    fstat(file, &status);
    long place = lseek(file, 0, SEEK_CUR);
    SHOW(what, "%ld bytes, %ld blocks, data at %ld, hole at %ld", (long)status.st_size, (long)status.st_blocks,
        (long)lseek(file, 0, SEEK_DATA), (long)lseek(file, 0, SEEK_HOLE));
    lseek(file, place, SEEK_SET);
}

int main(void) {
    static char bytes[65536], zero[65536];
    memset(bytes, 'x', sizeof bytes);
    file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CALL(fallocate(file, 0, 0, 10000));
    look("promised");
    CALL(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 100000));
    look("more");
    CALL(ftruncate(file, 10000));
    look("cut to the same");
    CALL(ftruncate(file, 0));
    CALL(write(file, bytes, sizeof bytes));
    look("written");
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 4096));
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    look("a page less");
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10000, 20000));
    look("a hole");
    pread(file, zero, sizeof zero, 0);
    for (int at = 0; at < 65536; at++)
        if (zero[at] != (at < 4096 || (at >= 10000 && at < 30000) ? 0 : 'x')) { SHOW("wrong", "%d", at); break; }
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 60000, 1 << 20));
    look("up to the end");
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 20, 1 << 20));
    CALL(fallocate(file, FALLOC_FL_ZERO_RANGE, 0, 4096));
    CALL(fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
    CALL(fallocate(file, FALLOC_FL_INSERT_RANGE, 0, 4096));
    CALL(fallocate(file, FALLOC_FL_UNSHARE_RANGE, 0, 4096));
    CALL(fallocate(file, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    CALL(fallocate(file, 0x100, 0, 4096));
    CALL(fallocate(file, 0, -1, 4096));
    CALL(fallocate(file, 0, 0, 0));
    CALL(fallocate(file, 0, 1L << 62, 1L << 62));
    CALL(fallocate(-1, 0, 0, 0));
    int reader = open("file", O_RDONLY), ends[2];
    CALL(fallocate(reader, 0, 0, 4096));
    CALL(fallocate(reader, 0x100, 0, 4096));
    CALL(fallocate(open(".", O_RDONLY), 0, 0, 1));
    pipe(ends);
    CALL(fallocate(ends[1], 0, 0, 1));
    CALL(fallocate(open("/dev/null", O_RDWR), 0, 0, 1));
    CALL(fallocate(open("file", O_PATH), 0, 0, 1));

    char *shared = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *private = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    private[32768] = 'p';
    SHOW("before", "%d %d %d", shared[32768], private[32768], private[40000]);
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 32768, 8192));
    SHOW("after", "%d %d %d", shared[32768], private[32768], private[40000]);
    shared[32768] = 'n';
    pread(file, bytes, 1, 32768);
    SHOW("written again", "%d", bytes[0]);
    int sealed = memfd_create("s", MFD_ALLOW_SEALING);
    CALL(fallocate(sealed, 0, 0, 8192));
    CALL(fcntl(sealed, F_ADD_SEALS, F_SEAL_GROW));
    CALL(fallocate(sealed, 0, 0, 8192));
    CALL(fallocate(sealed, FALLOC_FL_KEEP_SIZE, 0, 9000));
    CALL(fallocate(sealed, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    CALL(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fallocate(sealed, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    CALL(fcntl(file, F_GET_SEALS));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    END();
}
