set(PLIMSOLL_INTROSPECTION_SOURCES
  commands/command.cc
  commands/command_docs.cc
  commands/command_facts.cc
  commands/command_reply.cc
  commands/lolwut.cc)
