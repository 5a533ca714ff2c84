/* Where clone(2) writes a child's number: an address that is not there is nobody's affair but the program's. */
#include "check.h"
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static long make(unsigned long flags, void *parent, void *child) {
    fflush(stdout);
    long result = syscall(SYS_clone, flags | SIGCHLD, 0, parent, 0, child);
    if (result == 0) _exit(3);
    return result;
}

static void show(const char *name, long result, int *number) {
    int status = -1;
    if (result > 0) waitpid(result, &status, 0);
    SHOW(name, "%s %d", result > 0 ? "made" : "not made", status);
    if (number) SHOW("number", "%d", *number == result);
}

int main(void) {
    int number = 0;
    show("good", make(CLONE_PARENT_SETTID, &number, NULL), &number);
    show("nowhere", make(CLONE_PARENT_SETTID, (void *)8, NULL), NULL);
    show("the kernel's", make(CLONE_PARENT_SETTID, (void *)-4096, NULL), NULL);
    show("read only", make(CLONE_PARENT_SETTID, (void *)((unsigned long)main & ~3ul), NULL), NULL);
    show("in the child, nowhere", make(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, NULL, (void *)8), NULL);
    END();
}
