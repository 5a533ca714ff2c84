/* What a program is started with: arguments, environment, auxiliary values, and how it may end. */
#include "check.h"
#include <sys/auxv.h>
#include <sys/wait.h>

static void last(void) {
    puts("at the end");
}

int main(int count, char **arguments, char **environment) {
    if (getenv("INNER")) {
        for (int i = 0; i < count; i++) SHOW("argument", "%s", arguments[i]);
        for (char **variable = environment; *variable; variable++) SHOW("variable", "%s", *variable);
        SHOW("name", "%s", program_invocation_name);
        SHOW("executed", "%s", (char *)getauxval(AT_EXECFN));
        SHOW("ids", "%ld %ld", getauxval(AT_UID), getauxval(AT_EGID));
        atexit(last);
        exit(300);
    }
    fflush(stdout);
    char *inner[] = { "zero", "", "with space", NULL }, *variables[] = { "INNER=1", "EMPTY=", NULL };
    int status;
    pid_t child = fork();
    if (child == 0) execve("/proc/self/exe", inner, variables);
    waitpid(child, &status, 0);
    SHOW("status", "%d", WEXITSTATUS(status));
    child = fork();
    if (child == 0) abort();
    waitpid(child, &status, 0);
    SHOW("aborted", "%d", WTERMSIG(status));
    char *large = malloc(200000);
    memset(large, 'x', 199999);
    large[199999] = 0;
    CALL(execve("/proc/self/exe", (char *[]){ "x", large, NULL }, variables));
    END();
}
