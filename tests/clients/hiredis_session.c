/* A session with hiredis: hiredis_session SOCKET PORT. */
#include "hiredis_session.h"

#include <signal.h>
#include <string.h>

#define PIPELINED 1000

static redisReply* command(redisContext* context, const char* format, const char* a, const char* b) {
  redisReply* reply = redisCommand(context, format, a, b);
  EXPECT(reply != NULL && context->err == 0);
  return reply;
}

static void expect_status(redisContext* context, const char* format, const char* a, const char* b,
                          const char* status) {
  redisReply* reply = command(context, format, a, b);
  EXPECT(reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, status) == 0);
  freeReplyObject(reply);
}

static void expect_string(redisContext* context, const char* format, const char* a, const char* value) {
  redisReply* reply = command(context, format, a, NULL);
  EXPECT(reply->type == REDIS_REPLY_STRING && strcmp(reply->str, value) == 0);
  freeReplyObject(reply);
}

static long long integer(redisContext* context, const char* format, const char* a) {
  redisReply* reply = command(context, format, a, NULL);
  EXPECT(reply->type == REDIS_REPLY_INTEGER);
  const long long value = reply->integer;
  freeReplyObject(reply);
  return value;
}

static void basic_commands(redisContext* context) {
  expect_status(context, "PING", NULL, NULL, "PONG");
  expect_status(context, "SET %s %s", "foo", "hello world", "OK");
  expect_string(context, "GET %s", "foo", "hello world");
  redisReply* reply = command(context, "GET %s", "missing", NULL);
  EXPECT(reply->type == REDIS_REPLY_NIL);
  freeReplyObject(reply);
  reply = command(context, "INCR %s", "foo", NULL);
  EXPECT(reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "ERR value is not an integer", 27) == 0);
  freeReplyObject(reply);
  EXPECT(integer(context, "INCR %s", "counter") == 1);
  EXPECT(integer(context, "INCR %s", "counter") == 2);
  EXPECT(integer(context, "EXPIRE %s 1000", "counter") == 1);
  EXPECT(integer(context, "TTL %s", "counter") >= 990);
}

static void binary_values(redisContext* context) {
  const char bytes[] = {0, '\r', '\n', (char)0xff, '$', 0};
  redisReply* reply = redisCommand(context, "SET bin%b %b", bytes, sizeof bytes, bytes, sizeof bytes);
  EXPECT(reply && reply->type == REDIS_REPLY_STATUS);
  freeReplyObject(reply);
  reply = redisCommand(context, "GET bin%b", bytes, sizeof bytes);
  EXPECT(reply && reply->type == REDIS_REPLY_STRING && reply->len == sizeof bytes);
  EXPECT(memcmp(reply->str, bytes, sizeof bytes) == 0);
  freeReplyObject(reply);
}

static void multi_get(redisContext* context) {
  const char* argv[] = {"MSET", "a", "1", "b", "", "c", "3"};
  redisReply* reply = redisCommandArgv(context, 7, argv, NULL);
  EXPECT(reply && reply->type == REDIS_REPLY_STATUS);
  freeReplyObject(reply);
  reply = command(context, "MGET a b missing c", NULL, NULL);
  EXPECT(reply->type == REDIS_REPLY_ARRAY && reply->elements == 4);
  EXPECT(strcmp(reply->element[0]->str, "1") == 0 && reply->element[1]->len == 0);
  EXPECT(reply->element[2]->type == REDIS_REPLY_NIL && strcmp(reply->element[3]->str, "3") == 0);
  freeReplyObject(reply);
}

static void pipeline(redisContext* context) {
  for (int i = 0; i < PIPELINED; ++i)
    EXPECT(redisAppendCommand(context, "SET p:%d %d", i, i * i) == REDIS_OK);
  for (int i = 0; i < PIPELINED; ++i) EXPECT(redisAppendCommand(context, "GET p:%d", i) == REDIS_OK);
  for (int i = 0; i < 2 * PIPELINED; ++i) {
    void* answer = NULL;
    EXPECT(redisGetReply(context, &answer) == REDIS_OK);
    redisReply* reply = answer;
    if (i < PIPELINED) {
      EXPECT(reply->type == REDIS_REPLY_STATUS);
    } else {
      EXPECT(reply->type == REDIS_REPLY_STRING && atoi(reply->str) == (i - PIPELINED) * (i - PIPELINED));
    }
    freeReplyObject(reply);
  }
}

static void scan_everything(redisContext* context) {
  char cursor[32] = "0";
  size_t seen = 0;
  do {
    redisReply* reply = command(context, "SCAN %s MATCH p:* COUNT 100", cursor, NULL);
    EXPECT(reply->type == REDIS_REPLY_ARRAY && reply->elements == 2);
    snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
    seen += reply->element[1]->elements;
    freeReplyObject(reply);
  } while (strcmp(cursor, "0") != 0);
  EXPECT(seen >= PIPELINED);
}

static void reconnect(redisContext* context) {
  expect_status(context, "QUIT", NULL, NULL, "OK");
  redisReply* reply = redisCommand(context, "PING");
  EXPECT(reply == NULL && context->err != 0);
  EXPECT(redisReconnect(context) == REDIS_OK);
  expect_string(context, "GET %s", "foo", "hello world");
}

static void run_session(redisContext* context) {
  EXPECT(context != NULL && context->err == 0);
  expect_status(context, "FLUSHALL", NULL, NULL, "OK");
  basic_commands(context);
  binary_values(context);
  multi_get(context);
  pipeline(context);
  scan_everything(context);
  reconnect(context);
  redisFree(context);
}

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // writing to a connection that the server has closed is an error, not the end
  if (argc != 3) {
    fprintf(stderr, "usage: %s SOCKET PORT\n", argv[0]);
    return 2;
  }
  run_session(redisConnectUnix(argv[1]));
  run_session(redisConnect("127.0.0.1", atoi(argv[2])));
  run_async_session(argv[1]);
  puts("hiredis: all as expected");
  return 0;
}
