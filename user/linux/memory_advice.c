/* madvise: what is dropped, what is refused; mlock; mincore. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

int main(void) {
    char *a = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(a, 'a', 8 * 4096);
    unsigned char present[8];
    mincore(a, 8 * 4096, present);
    SHOW("present", "%d %d", present[0] & 1, present[7] & 1);
    CALL(madvise(a, 4 * 4096, MADV_DONTNEED));
    mincore(a, 8 * 4096, present);
    SHOW("present", "%d %d", present[0] & 1, present[7] & 1);
    SHOW("contents", "%d %d", a[0], a[4 * 4096]);
    int advices[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_FREE, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP };
    for (int i = 0; i < 9; i++) SHOW("advice", "%d %d", advices[i], madvise(a, 4096, advices[i]));
    CALL(madvise(a + 1, 4096, MADV_DONTNEED));
    CALL(madvise(a, 4096, 9999));
    CALL(madvise(a, 0, MADV_DONTNEED));
    munmap(a + 4096, 4096);
    CALL(madvise(a, 3 * 4096, MADV_DONTNEED));
    CALL(mlock(a, 4096));
    CALL(mlock(a, 2 * 4096));
    CALL(munlock(a, 4096));
    CALL(msync(a, 4096, MS_ASYNC));
    CALL(msync(a, 2 * 4096, MS_SYNC));
    CALL(msync(a + 1, 4096, MS_SYNC));
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(file, 4096);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    shared[0] = 'x';
    CALL(madvise(shared, 4096, MADV_DONTNEED));
    SHOW("still", "%c", shared[0]);
    END();
}
