/* The blocks that ext2 keeps for the super-user: who gets them, and what statfs shows. Elsewhere there is nothing to see. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

static char block[1 << 16];

/* Writes until it is refused; says why, and whether it was much. */
static void fill(const char *name, long much) {
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0666);
    long all = 0, done;
    if (file < 0) {
        SHOW(name, "%s", strerrorname_np(errno));
        return;
    }
    for (size_t size = sizeof block; size; size /= 2)
        while ((done = write(file, block, size)) > 0) all += done;
    SHOW(name, "%s, %s", strerrorname_np(errno), all > much ? "much" : all ? "some" : "nothing");
    close(file);
}

static void as_user(void (*work)(void)) {
    fflush(stdout);
    if (fork() == 0) {
        if (setgid(1000) || setuid(1000)) perror("setuid");
        work();
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

static void user_fills(void) { fill("user", 1 << 20); }

static void user_tries(void) {
    fill("again", 1 << 20);
    CALL(mkdir("directory", 0755));
    CALL(symlink("short", "link"));
}

static void left(const char *what) {
    struct statfs status;
    statfs(".", &status);
    SHOW(what, "%s free, %s available", status.f_bfree > 100 ? "many" : "few", status.f_bavail ? "some" : "none");
}

int main(void) {
    struct statfs status;
    statfs(".", &status);
    if (status.f_type != 0xef53) {
        puts("no ext2");
        return 0;
    }
    chmod(".", 0777);
    left("at first");
    as_user(user_fills);
    left("after the user");
    as_user(user_tries);
    CALL(mkdir("own", 0777));
    fill("super", 1 << 20);
    left("after the super-user");
    CALL(unlink("super"));
    sync();
    left("given back");
    as_user(user_tries);
    CALL(unlink("user"));
    sync();
    as_user(user_fills);
    left("at last");
    END();
}
