/* The tables of Documentation/filesystems/sharedsubtree.rst: bind, move, mount and unmount, in every state. */
#include "mounts.h"

static const struct { const char *name; unsigned long how; } states[] = {
    { "shared", MS_SHARED }, { "private", MS_PRIVATE }, { "slave", MS_SLAVE },
    { "slave and shared", 0 }, { "unbindable", MS_UNBINDABLE },
};

/* Makes `place` a mount in that state; a slave's master is `place.m`. */
static void state(const char *place, int which) {
    char master[64];
    tmpfs(place);
    if (which == 2 || which == 3) {
        sprintf(master, "%s.m", place);
        mkdir(master, 0755);
        make(place, MS_SHARED);
        bind(place, master);
        make(place, MS_SLAVE);
        if (which == 3) make(place, MS_SHARED);
    } else {
        make(place, states[which].how);
    }
}

static void bind_and_move(void) {
    for (int destination = 0; destination < 2; destination++)
        for (int source = 0; source < 5; source++)
            for (int moving = 0; moving < 2; moving++) {
                clean();
                dirs("a b c");
                state("a", source);
                state("b", destination);
                if (destination == 0) bind("b", "c");
                mkdir("b/d", 0755);
                mkdir("a/sub", 0755);
                tmpfs("a/sub");
                printf("%s a %s mount to a %s one\n", moving ? "move" : "bind", states[source].name,
                       states[destination].name);
                if (moving) CALL(move("a", "b/d"));
                else CALL(rbind("a", "b/d"));
                show_mounts("then");
            }
}

static void changes(void) {
    static const unsigned long to[] = { MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE };
    static const char *names[] = { "shared", "slave", "private", "unbindable" };
    for (int from = 0; from < 5; from++)
        for (int i = 0; i < 4; i++)
            for (int peer = 0; peer < 2; peer++) {
                clean();
                dirs("a p");
                state("a", from);
                if (peer && bind("a", "p")) continue;
                printf("%s%s becomes %s\n", states[from].name, peer ? " with a peer" : "", names[i]);
                CALL(make("a", to[i]));
                show_mounts("then");
            }
    clean();
    dirs("a");
    tmpfs("a");
    dirs("a/b a/c");
    tmpfs("a/b");
    bind("a/b", "a/c");
    CALL(make("a", MS_REC | MS_SHARED));
    show_mounts("all shared");
    CALL(make("a/b", MS_SLAVE));
    CALL(make("a", MS_REC | MS_UNBINDABLE));
    show_mounts("all unbindable");
    CALL(make("a", MS_SHARED | MS_SLAVE));
    CALL(make("a", MS_SHARED | MS_RDONLY));
    CALL(make("a", MS_SHARED | MS_SILENT));
    mkdir("a/b/d", 0755);
    CALL(make("a/b/d", MS_SHARED));
    CALL(make("nothing", MS_SHARED));
}

static void chains(void) {
    clean();
    dirs("a p s t u v");
    tmpfs("a");
    dirs("a/x a/y");
    make("a", MS_SHARED);
    bind("a", "p");
    bind("a", "s");
    make("s", MS_SLAVE);
    bind("s", "t");
    make("s", MS_SHARED);
    bind("s", "u");
    bind("s", "v");
    make("v", MS_SLAVE);
    show_mounts("a master, its slaves, and slaves of those");
    CALL(tmpfs("a/x"));
    show_mounts("mounted at the master");
    CALL(tmpfs("s/y"));
    show_mounts("mounted at a slave");
    CALL(umount("p/x"));
    show_mounts("unmounted at a peer");
    CALL(tmpfs("t/x"));
    CALL(tmpfs("a/x"));
    show_mounts("below what was there");
    CALL(umount("a/x"));
    show_mounts("and away again");
    CALL(umount("a"));
    CALL(umount("p"));
    show_mounts("without a master");
}

static void unmounting(void) {
    clean();
    dirs("a b");
    tmpfs("a");
    mkdir("a/x", 0755);
    make("a", MS_SHARED);
    bind("a", "b");
    tmpfs("a/x");
    mkdir("a/x/y", 0755);
    make("b/x", MS_PRIVATE);
    tmpfs("b/x/y");
    show_mounts("a child on one side");
    CALL(umount("a/x"));
    show_mounts("the other side stays");
    tmpfs("a/x");
    show_mounts("again");
    int file = open("b/x/f", O_CREAT | O_RDWR, 0600);
    CALL(umount("a/x"));
    close(file);
    CALL(umount2("a/x", MNT_DETACH));
    show_mounts("lazily");
    CALL(umount("b/x/y"));
    CALL(umount("b/x"));
    CALL(umount("a/x"));
    show_mounts("all gone");
}

static void trees(void) {
    clean();
    dirs("a b c");
    tmpfs("a");
    dirs("a/1 a/2");
    tmpfs("a/1");
    mkdir("a/1/deep", 0755);
    tmpfs("a/1/deep");
    tmpfs("a/2");
    make("a/2", MS_UNBINDABLE);
    CALL(rbind("a", "b"));
    show_mounts("an unbindable part is left out");
    CALL(bind("a/2", "c"));
    CALL(rbind("a/1", "c"));
    show_mounts("a part of a tree");
    CALL(umount("b"));
    CALL(umount2("b", MNT_DETACH));
    show_mounts("lazily with all below");
    make("c", MS_REC | MS_SHARED);
    mkdir("a/2/to", 0755);
    make("a/2", MS_SHARED);
    CALL(rbind("c", "a/2/to"));
    CALL(umount("c/deep"));
    show_mounts("peers below peers");
    CALL(bind("a", "a/1/deep"));
    show_mounts("into itself");
    CALL(move("a", "a/1/deep"));
    CALL(move("a/1", "a/1"));
}

static void namespaces(void) {
    clean();
    dirs("s p l u");
    tmpfs("s");
    make("s", MS_SHARED);
    tmpfs("p");
    tmpfs("u");
    make("u", MS_UNBINDABLE);
    dirs("s/x p/x u/x");
    struct other other = begin_other();
    show_other("the other's", &other);
    CALL(tmpfs("s/x"));
    CALL(tmpfs("p/x"));
    CALL(tmpfs("u/x"));
    show_mounts("ours");
    show_other("the other's", &other);
    CALL(make("s", MS_SLAVE));
    CALL(umount("s/x"));
    show_other("not heard", &other);
    end_other(&other);
    show_mounts("alone again");
}

int main(void) {
    playground();
    changes();
    bind_and_move();
    chains();
    unmounting();
    trees();
    namespaces();
    END();
}
