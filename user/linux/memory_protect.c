/* mprotect splits and joins; execution, writing and reading are refused one by one. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static sigjmp_buf back;

static void handler(int signal) {
    (void)signal;
    siglongjmp(back, 1);
}

int main(void) {
    signal(SIGSEGV, handler);
    volatile char *a = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    a[0] = a[4096] = a[2 * 4096] = 1;
    CALL(mprotect((void *)(a + 4096), 4096, PROT_READ));
    CALL(mprotect((void *)(a + 2 * 4096), 4096, PROT_NONE));
    for (int page = 0; page < 5; page++) {
        int read = 0, write = 0;
        if (!sigsetjmp(back, 1)) { (void)a[page * 4096]; read = 1; }
        if (!sigsetjmp(back, 1)) { a[page * 4096] = 2; write = 1; }
        SHOW("page", "%d %d %d", page, read, write);
    }
    CALL(mprotect((void *)a, 5 * 4096, PROT_READ | PROT_WRITE));
    SHOW("kept", "%d %d %d", a[0], a[4096], a[2 * 4096]);
    int ran = 0;
    if (!sigsetjmp(back, 1)) { ((void (*)(void))a)(); ran = 1; }
    SHOW("ran", "%d", ran);
    CALL(mprotect((void *)a, 4096, 0x40));
    CALL(mprotect((void *)a, 0, PROT_READ));
    END();
}
