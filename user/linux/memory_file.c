/* memfd: sizes, maps, sharing through a descriptor. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

int main(void) {
    int file = memfd_create("a name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(file >= 0);
    CALL(ftruncate(file, 8192));
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    strcpy(map, "through the map");
    char text[32];
    CALL(pread(file, text, 15, 0));
    struct stat status;
    fstat(file, &status);
    SHOW("status", "%o %d", status.st_mode, (int)status.st_nlink);
    CALL(ftruncate(file, 4096));
    CALL(lseek(file, 0, SEEK_END));
    CALL(write(file, "grown", 5));
    fstat(file, &status);
    SHOW("size", "%ld", (long)status.st_size);
    int copy = dup(file);
    close(file);
    CALL(pread(copy, text, 15, 0));
    SHOW("contents", "%.15s", text);
    CALL(memfd_create("x", 0x4000));
    END();
}
