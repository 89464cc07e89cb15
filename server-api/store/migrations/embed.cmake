# cmake -DOUTPUT=migrations.c -DFILES="a.sql;b.sql" -P embed.cmake
# Writes the migrations as a C array, in the order of their numbers.
set(arrays "")
set(rows "")
foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REGEX REPLACE "(................................................................................)"
           "\\1\n    " bytes "${bytes}")
    string(APPEND arrays "static const char sql_${name}[] = {\n    ${bytes}0x00};\n\n")
    string(APPEND rows "    {\"${name}\", sql_${name}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"server-api/store/migration.h\"\n\n#include <stddef.h>\n\n${arrays}"
     "const struct migration all_migrations[] = {\n${rows}    {NULL, NULL},\n};\n")
