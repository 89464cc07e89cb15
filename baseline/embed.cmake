# Writes baseline/checks/*.json and baseline/advice/en.json as C text:
#   cmake -DOUTPUT=file.c -DADVICE=en.json -DCHECKS=a.json,b.json -P embed.cmake
string(REPLACE "," ";" CHECKS "${CHECKS}")

function(c_string file ret_literal)
    file(READ "${file}" text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
    set(${ret_literal} "\"${text}\"" PARENT_SCOPE)
endfunction()

set(source "#include \"baseline/builtin.h\"\n\nconst char *const builtin_checks[] = {\n")
foreach(check IN LISTS CHECKS)
    c_string("${check}" literal)
    string(APPEND source "    ${literal},\n")
endforeach()
string(APPEND source "};\nconst size_t builtin_check_count = "
                     "sizeof(builtin_checks) / sizeof(builtin_checks[0]);\n")
c_string("${ADVICE}" literal)
string(APPEND source "const char builtin_advice[] = ${literal};\n")
file(WRITE "${OUTPUT}" "${source}")
