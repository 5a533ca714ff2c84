/* What can be done to a file of a lower layer that somebody has open once its last name is gone. */
#include "mounts.h"
#include <dirent.h>
#include <sys/xattr.h>

static void names(const char *where) {
    struct dirent **list;
    int count = scandir(where, &list, NULL, alphasort);
    printf("%s:", where);
    for (int i = 0; i < count; i++) {
        struct stat status;
        char path[PATH_MAX];
        if (list[i]->d_name[0] == '.') continue;
        sprintf(path, "%s/%s", where, list[i]->d_name);
        lstat(path, &status);
        printf(" %s %o", list[i]->d_name, status.st_mode);
    }
    puts("");
    fflush(stdout);
}

static void write_to(const char *name, const char *text) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || write(file, text, strlen(text)) < 0) perror(name);
    close(file);
}

static void show(const char *what, int file) {
    char text[64];
    struct stat status;
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    fstat(file, &status);
    SHOW(what, "'%s' mode %o links %d size %d owner %d", text, status.st_mode, (int)status.st_nlink, (int)status.st_size, (int)status.st_uid);
}

static int again(int file, int flags) {
    char name[64];
    sprintf(name, "/proc/self/fd/%d", file);
    return open(name, flags);
}

/* One way after the other to change what is open at `file`. */
static void change(int file) {
    show("before", file);
    CALL(fchmod(file, 0600));
    show("mode", file);
    CALL(fchown(file, 7, 7));
    show("owner", file);
    CALL(fsetxattr(file, "trusted.name", "value", 5, 0));
    struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
    CALL(futimens(file, times));
    OK(again(file, O_RDONLY));
    int writer = again(file, O_WRONLY);
    SHOW("writer", "%s", writer < 0 ? strerrorname_np(errno) : "open");
    if (writer >= 0) {
        CALL(write(writer, "new", 3));
        CALL(ftruncate(writer, 4));
        close(writer);
    }
    show("written", file);
    OK(again(file, O_WRONLY | O_TRUNC));
    show("cut", file);
    char name[64];
    sprintf(name, "/proc/self/fd/%d", file);
    CALL(truncate(name, 1));
    CALL(linkat(AT_FDCWD, name, AT_FDCWD, "all/linked", AT_SYMLINK_FOLLOW));
    show("at last", file);
}

static void all_names(void) {
    names("all");
    names("low");
    names("up");
}

int main(void) {
    playground();
    dirs("low up work all low/d");
    write_to("low/removed", "contents");
    write_to("low/replaced", "contents");
    write_to("low/covered", "contents");
    write_to("low/d/deep", "contents");
    write_to("low/changed", "contents");
    if (link("low/changed", "low/other")) perror("link");
    char options[PATH_MAX * 4];
    sprintf(options, "lowerdir=%s/low,upperdir=%s/up,workdir=%s/work", base, base, base);
    if (mount("all", "all", "overlay", 0, options)) perror("overlay");
    int file = open("all/removed", O_RDONLY);
    CALL(unlink("all/removed"));
    puts("removed");
    change(file);
    all_names();
    close(file);
    puts("replaced by another name");
    file = open("all/replaced", O_RDONLY);
    write_to("all/fresh", "fresh");
    CALL(rename("all/fresh", "all/replaced"));
    change(file);
    all_names();
    close(file);
    puts("made anew under the same name");
    file = open("all/covered", O_RDONLY);
    CALL(unlink("all/covered"));
    write_to("all/covered", "another");
    change(file);
    all_names();
    close(file);
    puts("with its directory");
    file = open("all/d/deep", O_RDONLY);
    CALL(unlink("all/d/deep"));
    CALL(rmdir("all/d"));
    change(file);
    all_names();
    close(file);
    puts("with another name left");
    file = open("all/changed", O_RDONLY);
    CALL(unlink("all/changed"));
    change(file);
    all_names();
    close(file);
    file = open("low/removed", O_RDONLY);
    show("below", file);
    file = open("low/other", O_RDONLY);
    show("below", file);
    END();
}
