/* User and group ids, sessions, groups, priorities, names of the machine. */
#include "check.h"
#include <grp.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

int main(void) {
    uid_t real, effective, saved;
    CALL(setresuid(-1, 100, -1));
    getresuid(&real, &effective, &saved);
    SHOW("ids", "%d %d %d", real, effective, saved);
    CALL(setresuid(-1, 0, -1));
    CALL(setreuid(50, 60));
    getresuid(&real, &effective, &saved);
    SHOW("ids", "%d %d %d", real, effective, saved);
    CALL(setuid(0));
    CALL(setuid(50));
    CALL(seteuid(60));
    CALL(setresuid(0, 0, 0));
    gid_t groups[4] = { 5, 6, 7, 8 };
    CALL(setgroups(4, groups));
    CALL(setgid(5));
    fflush(stdout);
    if (fork() == 0) {
        CHECK(setsid() == getpid());
        CALL(setsid());
        CHECK(getpgrp() == getpid() && getsid(0) == getpid());
        CALL(setpgid(0, 0));
        _exit(0);
    }
    wait(NULL);
    CALL(setpgid(1, 1));
    CALL(setpgid(0, 999999));
    CALL(getpgid(999999));
    errno = 0;
    CALL(getpriority(PRIO_PROCESS, 0));
    CALL(setpriority(PRIO_PROCESS, 0, 5));
    CALL(getpriority(PRIO_PROCESS, 0));
    CALL(setpriority(PRIO_PROCESS, 0, 1));
    CALL(nice(3));
    struct utsname names;
    CALL(uname(&names));
    SHOW("system", "%s", names.sysname);
    CALL(sethostname("x", 1));
    CALL(kill(1, 0));
    CALL(kill(-1, 99));
    END();
}
