/* openat2(RESOLVE_IN_ROOT): the directory is the root of the walk, whatever the path begins with and wherever the caller
 * stands; and nothing outside of it is found. */
#include "mounts.h"
#include <linux/openat2.h>

static long in(int directory, const char *path, unsigned long long flags, unsigned long long resolve) {
    struct open_how how = { .flags = flags, .resolve = resolve, .mode = flags & O_CREAT ? 0600 : 0 };
    return syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static void write_file(const char *path, const char *text) {
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (file < 0 || write(file, text, strlen(text)) < 0) perror(path);
    close(file);
}

static void show(const char *path, int directory, unsigned long long resolve) {
    char text[32] = "";
    long file = in(directory, path, O_RDONLY, resolve);
    if (file < 0) {
        SHOW(path, "%llx %s", resolve, strerrorname_np(errno));
        return;
    }
    if (read(file, text, sizeof text - 1) < 0) strcpy(text, strerrorname_np(errno));
    SHOW(path, "%llx %s", resolve, text);
    close(file);
}

#define CLOSED(call) do { long f_ = call; int e_ = errno; printf("%s %s\n", #call, f_ < 0 ? strerrorname_np(e_) : "ok"); \
    fflush(stdout); if (f_ >= 0) close(f_); } while (0)

int main(void) {
    playground();
    char outside[PATH_MAX + 8];
    snprintf(outside, sizeof outside, "%s/file", base);
    dirs("jail jail/in jail/mount here");
    write_file("file", "outside");
    write_file("secret", "secret");
    write_file("jail/file", "jail");
    write_file("jail/in/file", "in");
    write_file("here/file", "here");
    tmpfs("jail/mount");
    write_file("jail/mount/file", "mount");
    CALL(symlink("/file", "jail/absolute"));
    CALL(symlink("/absolute", "jail/in/twice"));
    CALL(symlink("../../../secret", "jail/in/relative"));
    CALL(symlink("/", "jail/in/top"));
    int jail = open("jail", O_PATH | O_CLOEXEC), plain = open("jail/file", O_RDONLY), ends[2];
    if (pipe(ends)) perror("pipe");
    CALL(chdir("here"));

    static const char *const paths[] = {
        "file", "/file", "///file", "/../file", "../file", "/in/file", "/in/../../file", "/absolute", "absolute",
        "/in/twice", "/in/relative", "/in/top/file", "/in/top/../../secret", "/mount/file", "/mount/../file",
        "/mount/../../secret", "/secret", "secret", "/here", "/", "/..", "/.", "", "/file/", "/file/..",
    };
    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) show(paths[i], jail, RESOLVE_IN_ROOT);
    CHECK(in(jail, outside, O_RDONLY, RESOLVE_IN_ROOT) < 0);
    show("/mount/file", jail, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV);
    show("/file", jail, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV);
    show("/absolute", jail, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    show("/file", jail, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    show("/file", AT_FDCWD, RESOLVE_IN_ROOT);
    show("/secret", AT_FDCWD, RESOLVE_IN_ROOT);
    show("/file", jail, RESOLVE_BENEATH);
    show("absolute", jail, RESOLVE_BENEATH);

    /* The directory is needed for an absolute path too. */
    show("/file", -1, RESOLVE_IN_ROOT);
    show("/file", plain, RESOLVE_IN_ROOT);
    show("/", plain, RESOLVE_IN_ROOT);
    show("/file", ends[0], RESOLVE_IN_ROOT);
    show("/file", -1, RESOLVE_BENEATH);

    /* What is made is made there. */
    CLOSED(in(jail, "/made", O_CREAT | O_EXCL | O_RDWR, RESOLVE_IN_ROOT));
    CLOSED(in(jail, "/made", O_CREAT | O_EXCL | O_RDWR, RESOLVE_IN_ROOT));
    CLOSED(in(jail, "/../../made2", O_CREAT | O_RDWR, RESOLVE_IN_ROOT));
    CLOSED(in(jail, "/none/made", O_CREAT | O_RDWR, RESOLVE_IN_ROOT));
    CLOSED(in(jail, "/in", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT));
    CLOSED(in(jail, "/file", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT));
    CLOSED(in(jail, "/absolute", O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT));
    CHECK(access("../jail/made", F_OK) == 0);
    CHECK(access("../jail/made2", F_OK) == 0);
    CHECK(access("made", F_OK) != 0);
    CHECK(access("../made", F_OK) != 0);
    CHECK(access("/made", F_OK) != 0);
    END();
}
