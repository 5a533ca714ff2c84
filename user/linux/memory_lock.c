/* mlock, mlock2, mlockall: what becomes present, and what may not be locked. */
#include "check.h"
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { PAGES = 16 };
static long page;

static int present(void *start) {
    unsigned char pages[PAGES];
    int count = 0;
    if (mincore(start, PAGES * page, pages)) return -1;
    for (int i = 0; i < PAGES; i++) count += pages[i] & 1;
    return count;
}

static void *area(void) {
    return mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void) {
    page = sysconf(_SC_PAGESIZE);
    char *one = area(), *two = area(), *three = area();
    SHOW("before", "%d %d", present(one), present(two));
    CALL(mlock(one + 10, page));
    SHOW("two pages", "%d", present(one));
    CALL(syscall(SYS_mlock2, two, PAGES * page, 1));
    SHOW("on fault", "%d", present(two));
    CALL(syscall(SYS_mlock2, two, PAGES * page, 2));
    CALL(munlock(one, page));
    CALL(munmap(three, page));
    CALL(mlock(three, 2 * page));
    CALL(munlock(three, 2 * page));
    CALL(mlock(one, 0));
    CALL(mlock((void *)-page, 2 * page));
    CALL(mlockall(0));
    CALL(mlockall(8));
    CALL(mlockall(MCL_ONFAULT));
    CALL(mlockall(MCL_CURRENT));
    SHOW("all", "%d %d", present(one), present(two));
    CALL(mlockall(MCL_FUTURE));
    SHOW("later", "%d", present(area()));
    pid_t child = fork();
    if (child == 0) {
        SHOW("child", "%d", present(area()));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    CALL(munlockall());
    SHOW("unlocked", "%d", present(area()));
    struct rlimit limit = { 4 * page, 4 * page };
    CALL(setrlimit(RLIMIT_MEMLOCK, &limit));
    char *big = area();
    CALL(mlock(big, PAGES * page));
    CALL(munlock(big, PAGES * page));
    CALL(setuid(1000));
    CALL(mlock(big, PAGES * page));
    CALL(mlock(area(), 4 * page));
    CALL(mlockall(MCL_CURRENT));
    limit.rlim_cur = 0;
    CALL(setrlimit(RLIMIT_MEMLOCK, &limit));
    CALL(mlock(area(), page));
    CALL(mlockall(MCL_FUTURE));
    END();
}
