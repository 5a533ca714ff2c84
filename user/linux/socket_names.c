/* A socket's name in the file tree: it leads to the socket for as long as that is open, also after names and inodes that
 * nobody used lately went from memory, and after it was moved; then it is a name like others. */
#include "check.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct sockaddr_un at(const char *path) {
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    strcpy(name.sun_path, path);
    return name;
}

static int reach(const char *path) {
    struct sockaddr_un name = at(path);
    int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(socket_, (struct sockaddr *)&name, sizeof name);
}

/* Stores all, and lets go of whatever is kept only to be quick. */
static void forget(void) {
    sync();
    int file = open("/proc/sys/vm/drop_caches", O_WRONLY);
    for (int i = 0; i < 3; i++) write(file, "3", 1);
    close(file);
}

int main(void) {
    struct sockaddr_un name = at("d/name");
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    mkdir("d", 0755);
    CALL(bind(listener, (struct sockaddr *)&name, sizeof name));
    CALL(reach("d/name"));
    CALL(listen(listener, 5));
    CALL(reach("d/name"));
    forget();
    CALL(reach("d/name"));
    rename("d/name", "moved");
    forget();
    CALL(reach("moved"));
    CALL(reach("d/name"));
    link("moved", "second");
    CALL(unlink("moved"));
    forget();
    CALL(reach("second"));
    CALL(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name));
    close(listener);
    CALL(reach("second"));
    CALL(reach("d/name"));
    CALL(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name));
    struct stat status;
    CALL(stat("second", &status));
    SHOW("kind", "%o %ld", status.st_mode & S_IFMT, (long)status.st_nlink);
    END();
}
