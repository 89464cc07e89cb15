# Writes the look of the status page as C text:
#   cmake -DOUTPUT=file.c -DSTYLE=status_page.css -DMARKS=status_page.svg -P embed.cmake
function(c_string file ret_literal)
    file(READ "${file}" text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
    set(${ret_literal} "\"${text}\"" PARENT_SCOPE)
endfunction()

c_string("${STYLE}" style)
c_string("${MARKS}" marks)
file(WRITE "${OUTPUT}" "#include \"agent/status_page.h\"\n\n"
     "const char status_page_style[] = ${style};\n\nconst char status_page_marks[] = ${marks};\n")
