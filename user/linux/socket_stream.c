/* Local streams: names in the file tree and abstract ones, connect, accept, the end of a stream. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static socklen_t name(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}

static void ready(int file) {
    struct pollfd poll_file = { file, POLLIN | POLLOUT | POLLRDHUP, 0 };
    int count = poll(&poll_file, 1, 0);
    SHOW("poll", "%d %x", count, poll_file.revents);
}

int main(void) {
    struct sockaddr_un address, other;
    socklen_t length = name(&address, "socket"), size;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    char text[64];
    signal(SIGPIPE, SIG_IGN);
    ready(client);
    CALL(listen(listener, 5));
    CALL(connect(client, (void *)&address, length));
    CALL(bind(listener, (void *)&address, length));
    CALL(bind(listener, (void *)&address, length));
    CALL(bind(client, (void *)&address, length));
    struct stat status;
    stat("socket", &status);
    SHOW("mode", "%o", status.st_mode);
    CALL(open("socket", O_RDWR));
    CALL(connect(client, (void *)&address, length));
    CALL(listen(listener, 1));
    ready(listener);
    CALL(accept4(listener, NULL, NULL, SOCK_NONBLOCK | 1));
    CALL(connect(client, (void *)&address, length));
    CALL(connect(client, (void *)&address, length));
    ready(listener);
    CALL(write(client, "early", 5));
    size = sizeof other;
    memset(&other, 'x', sizeof other);
    int server = accept(listener, (void *)&other, &size);
    SHOW("accepted from", "%u %d", size, other.sun_family);
    CALL(read(server, text, sizeof text));
    size = sizeof other;
    CALL(getpeername(client, (void *)&other, &size));
    SHOW("peer", "%u %s", size, other.sun_path);
    size = sizeof other;
    CALL(getsockname(server, (void *)&other, &size));
    SHOW("own", "%u %s", size, other.sun_path);
    size = 4;
    CALL(getsockname(client, (void *)&other, &size));
    SHOW("unnamed", "%u", size);
    ready(client);
    CALL(recv(client, text, 4, MSG_DONTWAIT));
    CALL(send(server, "abcdef", 6, 0));
    CALL(recv(client, text, 3, MSG_PEEK));
    CALL(recv(client, text, 64, 0));
    CALL(shutdown(client, SHUT_WR));
    CALL(write(client, "x", 1));
    CALL(read(server, text, 4));
    ready(server);
    CALL(write(server, "still", 5));
    close(server);
    ready(client);
    CALL(read(client, text, 64));
    CALL(read(client, text, 64));
    CALL(getpeername(client, (void *)&other, &size));
    close(client);
    /* A backlog that is full. */
    int clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CALL(connect(clients[i], (void *)&address, length));
    }
    server = accept(listener, NULL, NULL);
    CALL(write(clients[0], "unread", 6));
    close(server);
    ready(clients[0]);
    CALL(read(clients[0], text, 4));
    CALL(read(clients[0], text, 4));
    CALL(send(clients[0], text, 4, MSG_NOSIGNAL));
    close(listener);
    CALL(read(clients[1], text, 4));
    CALL(connect(clients[3], (void *)&address, length));
    unlink("socket");
    CALL(connect(clients[3], (void *)&address, length));
    /* Abstract names. */
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    name(&address, "_scarlet-test");
    address.sun_path[0] = 0;
    CALL(bind(listener, (void *)&address, length));
    CALL(listen(listener, 3));
    pid_t child = fork();
    if (child == 0) {
        int own = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(own, (void *)&address, length)) _exit(1);
        if (write(own, "from child", 10) != 10) _exit(2);
        _exit(read(own, text, 64));
    }
    server = accept(listener, NULL, NULL);
    CALL(recv(server, text, 10, MSG_WAITALL));
    struct ucred peer;
    size = sizeof peer;
    CALL(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &size));
    CHECK(peer.pid == child && peer.uid == getuid());
    write(server, "12345", 5);
    int status_word;
    waitpid(child, &status_word, 0);
    SHOW("child", "%d", WEXITSTATUS(status_word));
    size = sizeof other;
    CALL(getsockname(listener, (void *)&other, &size));
    SHOW("abstract", "%u", size);
    int second = socket(AF_UNIX, SOCK_STREAM, 0);
    CALL(bind(second, (void *)&address, length));
    close(listener);
    CALL(bind(second, (void *)&address, length));
    CALL(socket(AF_UNIX, 99, 0));
    CALL(socket(AF_UNIX, SOCK_RDM, 0));
    CALL(socket(AF_UNIX, SOCK_STREAM, 7));
    CALL(bind(second, (void *)&address, 1));
    CALL(bind(second, (void *)1, 20));
    CALL(bind(0, (void *)&address, length));
    END();
}
