/* rename, link, unlink and their flags, in all the ways they can fail. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int main(void) {
    mkdir("d", 0755);
    mkdir("d/sub", 0755);
    mkdir("e", 0755);
    close(open("f", O_CREAT | O_RDWR, 0644));
    CALL(rename("d", "d/sub/x"));
    CALL(rename("f", "d"));
    CALL(rename("d", "f"));
    CALL(rename("e", "d"));
    CALL(rename("d/sub", "e"));
    CALL(rename("nothing", "x"));
    CALL(rename("f", "f"));
    CALL(rename("f", "nodir/x"));
    CALL(rename("d/.", "x"));
    CALL(link("f", "g"));
    CALL(rename("f", "g"));
    CALL(access("f", F_OK));
    CALL(link("d", "h"));
    CALL(unlink("d"));
    CALL(rmdir("f"));
    CALL(rmdir("d/."));
    CALL(rmdir("d/.."));
    CALL(rmdir("/"));
    CALL(mkdir("d", 0755));
    CALL(mkdir("d/x/y", 0755));
    CALL(mkdir("f/x", 0755));
    CALL(symlink("g", "s"));
    CALL(symlink("", "t"));
    CALL(link("s", "l"));
    struct stat status;
    lstat("l", &status);
    SHOW("link to a link", "%d", S_ISLNK(status.st_mode));
    CALL(linkat(AT_FDCWD, "s", AT_FDCWD, "m", AT_SYMLINK_FOLLOW));
    lstat("m", &status);
    SHOW("link to its target", "%d %d", S_ISREG(status.st_mode), (int)status.st_nlink);
    CALL(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d", 2));
    lstat("f", &status);
    SHOW("exchanged", "%d", S_ISDIR(status.st_mode));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 3));
    CALL(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
    CALL(unlinkat(AT_FDCWD, "e", AT_REMOVEDIR));
    CALL(unlinkat(AT_FDCWD, "g", 77));
    char longest[300];
    memset(longest, 'n', 256);
    longest[256] = 0;
    CALL(mkdir(longest, 0755));
    longest[255] = 0;
    CALL(mkdir(longest, 0755));
    CALL(open("", O_RDONLY));
    CALL(open("g/", O_RDONLY));
    CALL(open("s", O_RDONLY | O_NOFOLLOW));
    END();
}
