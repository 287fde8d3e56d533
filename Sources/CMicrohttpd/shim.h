#include <features.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdlib.h>

/*
 * What Swift cannot do itself: variadic functions, and the closed enums of libmicrohttpd, which a callback would have to
 * return. Whatever returns int here is 1 for yes and 0 for no.
 */

/* What the library tells, and asks. `context` is handed to each of them. */
struct holdfast_http_calls {
    void *context;
    /* A connection was accepted; returns what stands for it. */
    void *(*opened)(void *context, struct MHD_Connection *connection);
    void (*closed)(void *context, void *socket);
    /* The request line has come; returns what stands for the request. */
    void *(*begun)(void *context, struct MHD_Connection *connection, const char *target);
    /* The headers have come, then pieces of the body, then the end with nothing. 0 cuts the connection. */
    int (*handle)(void *context, void *request, struct MHD_Connection *connection, const char *method, const char *piece,
                  size_t length);
    void (*ended)(void *context, void *request);
};

static inline enum MHD_Result holdfast_http_handle(
    void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **request) {
    (void)url;
    (void)version;
    const struct holdfast_http_calls *calls = cls;
    size_t length = *upload_size;
    *upload_size = 0;
    return calls->handle(calls->context, *request, connection, method, upload, length) ? MHD_YES : MHD_NO;
}

static inline void *holdfast_http_begun(void *cls, const char *target, struct MHD_Connection *connection) {
    const struct holdfast_http_calls *calls = cls;
    return calls->begun(calls->context, connection, target);
}

static inline void holdfast_http_ended(
    void *cls, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode code) {
    (void)connection;
    (void)code;
    const struct holdfast_http_calls *calls = cls;
    if (*request) calls->ended(calls->context, *request);
    *request = NULL;
}

static inline void holdfast_http_connection(
    void *cls, struct MHD_Connection *connection, void **socket, enum MHD_ConnectionNotificationCode code) {
    const struct holdfast_http_calls *calls = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket = calls->opened(calls->context, connection);
    } else if (*socket) {
        calls->closed(calls->context, *socket);
        *socket = NULL;
    }
}

static inline void holdfast_http_silence(void *cls, const char *format, va_list arguments) {
    (void)cls;
    (void)format;
    (void)arguments;
}

/* Swift never unescapes through the library: it wants the target as it came. */
static inline size_t holdfast_http_as_it_is(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

/*
 * Starts a server on a listening socket, which it owns from then on, without a thread of its own: whoever calls this calls
 * MHD_run when the descriptor of `holdfast_http_wakes` is readable. `certificate`, `key` and `trust` are PEM; all NULL for
 * a server without TLS, which then calls nothing of gnutls. The texts and `calls` have to stay until the server is stopped.
 */
static inline struct MHD_Daemon *holdfast_http_start(
    int socket, struct holdfast_http_calls *calls, unsigned int connections, size_t memory, unsigned int seconds,
    const char *certificate, const char *key, const char *trust) {
    unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (certificate ? MHD_USE_TLS : 0);
    struct MHD_OptionItem secrets[4] = {{MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL},
                                        {MHD_OPTION_END, 0, NULL}};
    int count = 0;
    if (certificate) secrets[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate};
    if (certificate) secrets[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key};
    if (trust) secrets[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)trust};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, holdfast_http_handle, calls,
        MHD_OPTION_EXTERNAL_LOGGER, holdfast_http_silence, NULL,
        MHD_OPTION_LISTEN_SOCKET, socket,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_CONNECTION_TIMEOUT, seconds,
        MHD_OPTION_NOTIFY_COMPLETED, holdfast_http_ended, calls,
        MHD_OPTION_NOTIFY_CONNECTION, holdfast_http_connection, calls,
        MHD_OPTION_URI_LOG_CALLBACK, holdfast_http_begun, calls,
        MHD_OPTION_UNESCAPE_CALLBACK, holdfast_http_as_it_is, NULL,
        MHD_OPTION_ARRAY, secrets,
        MHD_OPTION_END);
}

/* The descriptor that is readable when there is something to do. */
static inline int holdfast_http_wakes(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

/* Milliseconds until MHD_run has to be called even if nothing comes; -1 for no limit. */
static inline int holdfast_http_patience(struct MHD_Daemon *daemon) {
    MHD_UNSIGNED_LONG_LONG milliseconds = 0;
    if (MHD_get_timeout(daemon, &milliseconds) != MHD_YES) return -1;
    return milliseconds > 60000 ? 60000 : (int)milliseconds;
}

static inline void holdfast_http_run(struct MHD_Daemon *daemon) { (void)MHD_run(daemon); }

static inline int holdfast_http_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static inline void *holdfast_http_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Calls `each` with the name and value of every header. */
struct holdfast_http_each {
    void *context;
    void (*call)(void *context, const char *name, size_t name_length, const char *value, size_t value_length);
};

static inline enum MHD_Result holdfast_http_header(
    void *cls, enum MHD_ValueKind kind, const char *name, size_t name_length, const char *value, size_t value_length) {
    (void)kind;
    const struct holdfast_http_each *each = cls;
    each->call(each->context, name, name_length, value ? value : "", value ? value_length : 0);
    return MHD_YES;
}

static inline void holdfast_http_headers(struct MHD_Connection *connection, struct holdfast_http_each *each) {
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, holdfast_http_header, each);
}

/* Copies the bytes. */
static inline struct MHD_Response *holdfast_http_bytes(const void *bytes, size_t length) {
    return MHD_create_response_from_buffer(length, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

/* What a reader returns at the end of a stream, and to cut the connection. */
static inline ssize_t holdfast_http_end(void) { return MHD_CONTENT_READER_END_OF_STREAM; }
static inline ssize_t holdfast_http_cut(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }

/* A response that `reader` gives piece by piece; `context` goes by `release`. */
static inline struct MHD_Response *holdfast_http_stream(
    ssize_t (*reader)(void *context, uint64_t position, char *room, size_t size), void *context,
    void (*release)(void *context)) {
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, reader, context, release);
}

static inline int holdfast_http_add_header(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static inline int holdfast_http_queue(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response) {
    return MHD_queue_response(connection, status, response) == MHD_YES;
}

/* The session of a connection with TLS; NULL otherwise. */
static inline gnutls_session_t holdfast_http_session(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? (gnutls_session_t)info->tls_session : NULL;
}

/* Frees what gnutls has allocated; its own function is a variable, which Swift takes for shared state. */
static inline void holdfast_http_release(void *memory) { gnutls_free(memory); }
