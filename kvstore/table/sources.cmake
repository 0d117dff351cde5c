# The table's sources, relative to kvstore/.
set(PLIMSOLL_TABLE_SOURCES
  table/check.cc
  table/directory.cc
  table/lines.cc
  table/maintain.cc
  table/rebuild.cc
  table/restructure.cc
  table/segment.cc
  table/table.cc
  table/walks.cc)
