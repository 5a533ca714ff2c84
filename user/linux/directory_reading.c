/* Directories: reading while names come and go, positions, descriptors as places. */
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

int main(void) {
    char name[32];
    mkdir("many", 0755);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        close(open(name, O_CREAT, 0600));
    }
    DIR *directory = opendir("many");
    struct dirent *entry;
    int seen = 0, dots = 0, regular = 0;
    while ((entry = readdir(directory))) {
        seen++;
        dots += entry->d_name[0] == '.';
        regular += entry->d_type == DT_REG;
    }
    SHOW("seen", "%d %d %d", seen, dots, regular);
    rewinddir(directory);
    int removed = 0;
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.') removed += unlinkat(dirfd(directory), entry->d_name, 0) == 0;
    SHOW("removed", "%d", removed);
    CALL(rmdir("many"));
    rewinddir(directory);
    SHOW("in a removed one", "%d", readdir(directory) != NULL);
    CALL(openat(dirfd(directory), "new", O_CREAT, 0600));
    closedir(directory);
    mkdir("place", 0755);
    int place = open("place", O_RDONLY | O_DIRECTORY);
    CALL(mkdirat(place, "inner", 0755));
    CALL(renameat(AT_FDCWD, "place", AT_FDCWD, "moved"));
    close(openat(place, "inner/file", O_CREAT | O_RDWR, 0600));
    CALL(access("moved/inner/file", F_OK));
    CALL(fchdir(place));
    CALL(chdir("inner"));
    char where[256];
    SHOW("below", "%d", getcwd(where, sizeof where) && strstr(where, "/moved/inner") != NULL);
    CALL(getcwd(where, 3) == NULL);
    CALL(read(place, where, 10));
    CALL(fchdir(0));
    struct stat status;
    fstat(place, &status);
    SHOW("links", "%d", (int)status.st_nlink);
    END();
}
