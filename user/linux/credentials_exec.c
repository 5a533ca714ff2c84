/* Set-user-id programs, and what no_new_privs takes from them. */
#include "check.h"
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(void) {
    if (getenv("INNER")) {
        printf("%s: %d %d\n", getenv("INNER"), getuid(), geteuid());
        return 0;
    }
    static char buffer[1 << 16];
    int from = open("/proc/self/exe", O_RDONLY), to = open("program", O_CREAT | O_WRONLY, 0755);
    long count;
    while ((count = read(from, buffer, sizeof buffer)) > 0) write(to, buffer, count);
    close(to);
    chown("program", 1000, 1000);
    chmod("program", 04755);
    chmod(".", 0755);
    fflush(stdout);
    for (int round = 0; round < 3; round++) {
        pid_t child = fork();
        if (child == 0) {
            if (round > 0) { setgroups(0, NULL); setresgid(7, 7, 7); setresuid(500, 500, 500); }
            if (round == 2) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            char *names[] = { "INNER=as root", "INNER=as a user", "INNER=without new privileges" };
            char *arguments[] = { "program", NULL }, *environment[] = { names[round], NULL };
            execve("./program", arguments, environment);
            _exit(1);
        }
        int status;
        waitpid(child, &status, 0);
        SHOW("status", "%d", status);
    }
    chmod("program", 0644);
    CALL(access("program", X_OK));
    chmod("program", 0001);
    CALL(access("program", X_OK));
    END();
}
