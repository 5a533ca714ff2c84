/* Strangers in directories that all may write to: whose links are followed there, whose files and pipes `O_CREAT`
 * opens, and who gives other people's files new names (proc_sys_fs(5), `protected_*`). */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

enum { ONE = 1001, OTHER = 1002 };

static const int modes[] = {01777, 0777, 01775, 01755}, people[] = {0, ONE, OTHER};

static void set(const char *name, const char *value) {
    char path[64];
    snprintf(path, sizeof path, "/proc/sys/fs/protected_%s", name);
    int file = open(path, O_WRONLY);
    if (file < 0 || write(file, value, strlen(value)) < 0) SHOW(name, "%s", strerrorname_np(errno));
    close(file);
}

static void setting(const char *name) {
    char path[64], text[8] = "";
    struct stat status = {0};
    snprintf(path, sizeof path, "/proc/sys/fs/protected_%s", name);
    stat(path, &status);
    int file = open(path, O_RDWR);
    read(file, text, 7);
    SHOW(name, "%o %s", status.st_mode, text);
    const char *values[] = {"3", "2", "1", "-1", "x", "0"};
    for (int i = 0; i < 6; i++) {
        lseek(file, 0, SEEK_SET);
        int outcome = write(file, values[i], 1);
        SHOW(values[i], "%s", outcome < 0 ? strerrorname_np(errno) : "taken");
    }
    lseek(file, 0, SEEK_SET);
    write(file, text, 1);
    close(file);
}

static const char *said(int outcome) { return outcome < 0 ? strerrorname_np(errno) : "ok"; }

static void opened(const char *path, int how) {
    int file = open(path, how, 0600);
    printf(" %s", said(file));
    if (file >= 0) close(file);
}

static void links(void) {
    struct stat status;
    char text[8];
    opened("d/link", O_RDONLY);
    opened("d/link", O_RDWR | O_CREAT);
    opened("d/link", O_RDONLY | O_NOFOLLOW);
    opened("d/fresh", O_RDWR | O_CREAT);
    unlink("fresh");
    printf(" %s", said(stat("d/link", &status)));
    printf(" %s", said(lstat("d/link", &status)));
    printf(" %s", said(readlink("d/link", text, 8)));
    printf(" %s", said(access("d/within/file", R_OK)));
    printf(" %s", said(access("d/within/", R_OK)));
    printf(" %s", said(access("way", R_OK)));
}

static void finds(void) {
    opened("d/file", O_RDWR | O_CREAT);
    opened("d/file", O_RDWR | O_CREAT | O_EXCL);
    opened("d/file", O_RDWR);
    opened("d/pipe", O_RDWR | O_CREAT);
    opened("d/pipe", O_RDWR);
    opened("d/null", O_RDWR | O_CREAT);
    opened("d/null", O_RDWR);
}

static void names(void) {
    static const char *const of[] = {"file", "readable", "program", "group", "locking", "pipe", "null", "link"};
    for (unsigned i = 0; i < sizeof of / sizeof *of; i++) {
        char path[32];
        snprintf(path, sizeof path, "d/%s", of[i]);
        printf(" %s", said(link(path, "new")));
        unlink("new");
    }
}

static void as(int user, void (*act)(void)) {
    fflush(stdout);
    if (fork() == 0) {
        if (setresgid(user, user, user) || setresuid(user, user, user)) _exit(9);
        umask(0);
        printf("  as %d:", user);
        act();
        printf("\n");
        exit(0);
    }
    wait(NULL);
}

static void make(const char *path, mode_t mode, int owner) {
    mknod(path, mode & S_IFMT ? mode : mode | S_IFREG, mode & S_IFCHR ? makedev(1, 3) : 0);
    lchown(path, owner, owner);
    chmod(path, mode & 07777);
}

static void fill(int mode, int above, int owner) {
    mkdir("d", 0777);
    chown("d", above, OTHER);
    make("d/file", 0666, owner);
    make("d/readable", 0644, owner);
    make("d/program", 04777, owner);
    make("d/group", 02777, owner);
    make("d/locking", 02666, owner);
    make("d/pipe", S_IFIFO | 0666, owner);
    make("d/null", S_IFCHR | 0666, owner);
    symlink("../target", "d/link");
    symlink("../fresh", "d/fresh");
    symlink("../room", "d/within");
    lchown("d/link", owner, owner);
    lchown("d/fresh", owner, owner);
    lchown("d/within", owner, owner);
    chmod("d", mode);
    printf("directory %o of %d, strangers' %d\n", mode, above, owner);
}

static void every(void (*act)(void)) {
    for (int m = 0; m < 4; m++)
        for (int above = 0; above < 2; above++)
            for (int owner = 0; owner < 2; owner++) {
                fill(modes[m], people[above], people[owner]);
                for (int who = 0; who < 3; who++)
                    as(people[who], act);
                if (system("rm -rf d")) printf("rm failed\n");
            }
}

int main(void) {
    umask(0);
    chmod(".", 0777);
    make("target", 0666, 0);
    mkdir("room", 0777);
    make("room/file", 0666, 0);
    symlink("d/link", "way");
    setting("symlinks");
    setting("hardlinks");
    setting("regular");
    setting("fifos");
    for (int level = 0; level < 3; level++) {
        char text[2] = {'0' + level, 0};
        printf("level %d\n", level);
        if (level < 2) {
            set("symlinks", text);
            set("hardlinks", text);
            every(links);
            every(names);
        }
        set("regular", text);
        set("fifos", text);
        every(finds);
    }
    set("regular", "0");
    set("fifos", "0");
    END();
}
