#include <poll.h>
#include <string.h>

#include "hiredis_session.h"

#define INCREMENTS 500
#define DEADLINE_MS 10000

/* What hiredis asks its event loop for. */
struct Loop {
  int reading, writing, ended;
};

static void add_read(void* loop) {
  ((struct Loop*)loop)->reading = 1;
}
static void del_read(void* loop) {
  ((struct Loop*)loop)->reading = 0;
}
static void add_write(void* loop) {
  ((struct Loop*)loop)->writing = 1;
}
static void del_write(void* loop) {
  ((struct Loop*)loop)->writing = 0;
}
static void cleanup(void* loop) {
  ((struct Loop*)loop)->ended = 1;
}

static long long last_count;

static void counted(redisAsyncContext* context, void* answer, void* expected) {
  const redisReply* reply = answer;
  (void)context;
  EXPECT(reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == *(long long*)expected);
  last_count = reply->integer;
}

static void finished(redisAsyncContext* context, void* answer, void* unused) {
  const redisReply* reply = answer;
  (void)unused;
  EXPECT(reply && reply->type == REDIS_REPLY_STRING && atoi(reply->str) == INCREMENTS);
  redisAsyncDisconnect(context);
}

static void run_loop(redisAsyncContext* context, struct Loop* loop) {
  while (!loop->ended) {
    struct pollfd waited = {context->c.fd,
                            (short)((loop->reading ? POLLIN : 0) | (loop->writing ? POLLOUT : 0)), 0};
    EXPECT(poll(&waited, 1, DEADLINE_MS) == 1);
    if (waited.revents & POLLOUT) redisAsyncHandleWrite(context);
    if (!loop->ended && (waited.revents & (POLLIN | POLLHUP))) redisAsyncHandleRead(context);
  }
}

void run_async_session(const char* socket_path) {
  static long long expected[INCREMENTS];
  struct Loop loop = {0, 0, 0};
  redisAsyncContext* context = redisAsyncConnectUnix(socket_path);
  EXPECT(context && context->err == 0);
  context->ev.data = &loop;
  context->ev.addRead = add_read;
  context->ev.delRead = del_read;
  context->ev.addWrite = add_write;
  context->ev.delWrite = del_write;
  context->ev.cleanup = cleanup;
  add_write(&loop); /* the connection is made when the socket takes data */
  EXPECT(redisAsyncCommand(context, NULL, NULL, "DEL async") == REDIS_OK);
  for (int i = 0; i < INCREMENTS; ++i) {
    expected[i] = i + 1;
    EXPECT(redisAsyncCommand(context, counted, &expected[i], "INCR async") == REDIS_OK);
  }
  EXPECT(redisAsyncCommand(context, finished, NULL, "GET async") == REDIS_OK);
  run_loop(context, &loop);
  EXPECT(last_count == INCREMENTS);
}
