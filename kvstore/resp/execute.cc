#include <plimsoll/resp/decoder.h>
#include <plimsoll/resp/execute.h>

#include <new>
#include <utility>

namespace plimsoll::resp {

Value execute(Store& store, Session& session, std::span<const std::string_view> args) {
  OutputBuffer out;
  Reply reply(out, session.resp_version());
  store.execute(session, args, reply);
  if (reply.lost()) throw std::bad_alloc();
  Decoder decoder;
  const std::span<char> room = decoder.prepare(out.size());
  out.copy_to(room.data());
  decoder.commit(out.size());
  return std::move(*decoder.next());
}

Value execute(Store& store, std::initializer_list<std::string_view> args) {
  Session session;
  session.set_resp_version(3);
  return execute(store, session, {args.begin(), args.size()});
}

}  // namespace plimsoll::resp
