/* Writing to a file through a mapping changes its times. It wants ext2, on which a line of disk.lines runs it. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>

static const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };

static void show(const char *what, int file, struct timespec changed) {
    struct stat status;
    fstat(file, &status);
    SHOW(what, "%s, %s", status.st_mtim.tv_sec > 1000 ? "modified" : "as before",
         status.st_ctim.tv_sec > changed.tv_sec || (status.st_ctim.tv_sec == changed.tv_sec && status.st_ctim.tv_nsec > changed.tv_nsec) ? "changed" : "as before");
}

/* Makes the file old; tells when that was. */
static struct timespec age(int file) {
    struct stat status;
    futimens(file, old);
    fstat(file, &status);
    usleep(20000);
    return status.st_ctim;
}

int main(void) {
    struct statfs where;
    int file = open("mapped", O_RDWR | O_CREAT, 0600);
    if (fstatfs(file, &where) || where.f_type != 0xEF53) {
        puts("no ext2");
        return 0;
    }
    ftruncate(file, 8192);
    pwrite(file, "x", 1, 4096);
    fsync(file);
    volatile char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    volatile char *own = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    struct timespec changed = age(file);
    char seen = shared[4096];
    show("read", file, changed);
    own[4096] = seen;
    show("own copy", file, changed);
    shared[4096] = 'y';
    show("written", file, changed);
    changed = age(file);
    shared[0] = 'z';
    show("hole", file, changed);
    CALL(msync((void *)shared, 8192, MS_SYNC));
    changed = age(file);
    shared[0] = 'a';
    show("after msync", file, changed);
    END();
}
