/* mmap and its family, the break, fork's copies, shared memory, limits. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int main(void) {
    char *a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(a, 1, 3 * 4096);
    CALL(munmap(a + 4096, 4096));
    CALL(munmap(a + 1, 4096));
    unsigned char present[3];
    CALL(mincore(a, 3 * 4096, present));
    CALL(mincore(a, 4096, present));
    SHOW("present", "%d", present[0] & 1);
    CHECK(mmap(a + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a + 4096);
    CALL(mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    CALL(mprotect(a, 3 * 4096, PROT_READ));
    CALL(mprotect(a + 1, 4096, PROT_READ));
    CALL(mprotect((void *)0x123456789000, 4096, PROT_READ));
    CALL(madvise(a, 4096, MADV_DONTNEED));
    SHOW("after", "%d", a[0]);
    CALL(madvise(a, 4096, 12345));
    CALL(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CALL(errno);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF);
    char *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(b, "moved");
    char *c = mremap(b, 4096, 64 * 4096, MREMAP_MAYMOVE);
    SHOW("remap", "%s %d", c, c[63 * 4096]);
    CALL(mremap(c, 64 * 4096, 4096, 0) == c);
    int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
    ftruncate(file, 10000);
    char *shared = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *private_map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    strcpy(shared + 5000, "shared");
    char back[8] = "";
    pread(file, back, 7, 5000);
    SHOW("file", "%s", back);
    SHOW("private sees", "%s", private_map + 5000);
    strcpy(private_map + 5000, "own");
    pread(file, back, 7, 5000);
    SHOW("file", "%s", back);
    pwrite(file, "written", 7, 100);
    SHOW("map", "%.7s", shared + 100);
    CALL(msync(shared, 10000, MS_SYNC));
    CALL(msync(shared, 10000, MS_SYNC | MS_ASYNC));
    int read_only = open("mapped", O_RDONLY);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0) != MAP_FAILED);
    char *common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *copied = malloc(100000);
    memset(copied, 'p', 100000);
    pid_t child = fork();
    if (child == 0) { strcpy(common, "from child"); memset(copied, 'c', 100000); _exit(copied[99999] == 'c'); }
    int status; waitpid(child, &status, 0);
    SHOW("after fork", "%s %c %d", common, copied[99999], WEXITSTATUS(status));
    void *end = sbrk(0);
    CHECK(sbrk(100000) == end);
    memset(end, 7, 100000);
    CHECK(sbrk(-100000) != (void *)-1);
    CHECK(sbrk(0) == end);
    struct rlimit limit = { 64 << 20, 64 << 20 };
    setrlimit(RLIMIT_AS, &limit);
    CHECK(mmap(NULL, 100 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(malloc(100 << 20) == NULL);
    END();
}
