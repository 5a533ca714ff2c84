/* prctl: names, dumpability, subreapers, privileges. */
#include "check.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int main(void) {
    char name[32] = "";
    CALL(prctl(PR_SET_NAME, "a name that is far too long"));
    CALL(prctl(PR_GET_NAME, name));
    SHOW("name", "%s", name);
    int value = -1;
    CALL(prctl(PR_SET_PDEATHSIG, 77));
    CALL(prctl(PR_SET_PDEATHSIG, 0));
    CALL(prctl(PR_GET_DUMPABLE));
    CALL(prctl(PR_SET_DUMPABLE, 0));
    CALL(prctl(PR_GET_DUMPABLE));
    CALL(prctl(PR_SET_DUMPABLE, 5));
    CALL(prctl(PR_GET_KEEPCAPS));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CALL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
    CALL(prctl(PR_GET_CHILD_SUBREAPER, &value));
    SHOW("subreaper", "%d", value);
    int ends[2];
    pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            usleep(50000);
            char answer = getppid() == (pid_t)value ? 'n' : 'y';
            write(ends[1], &answer, 1);
            _exit(4);
        }
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    read(ends[0], name, 1);
    pid_t orphan = wait(&status);
    CHECK(orphan > 0 && WEXITSTATUS(status) == 4);
    CALL(prctl(PR_GET_TIMERSLACK));
    CALL(prctl(PR_CAPBSET_READ, 0));
    CALL(prctl(PR_CAPBSET_READ, 99));
    CALL(prctl(9999));
    END();
}
