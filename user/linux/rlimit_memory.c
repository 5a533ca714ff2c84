/* RLIMIT_AS and RLIMIT_DATA stop what would grow beyond them. */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(void) {
    struct rlimit limit = { 64 << 20, RLIM_INFINITY };
    CALL(setrlimit(RLIMIT_AS, &limit));
    CHECK(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    char *half = mmap(NULL, 32 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(half != MAP_FAILED);
    CHECK(mremap(half, 32 << 20, 80 << 20, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    munmap(half, 32 << 20);
    CHECK(sbrk(100 << 20) == (void *)-1 && errno == ENOMEM);
    CHECK(malloc(100 << 20) == NULL);
    limit.rlim_cur = RLIM_INFINITY;
    CALL(setrlimit(RLIMIT_AS, &limit));
    CHECK(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    limit.rlim_cur = 2;
    limit.rlim_max = 1;
    CALL(setrlimit(RLIMIT_CORE, &limit));
    END();
}
