# Puts the report's page together: page.html with the styles and scripts of its folder in it. Its content security
# policy names their hashes, so that no other style or script runs.
#
#   cmake -DFOLDER=client/report/page -DOUTPUT=FILE -P cmake/Page.cmake
#
# Scripts stand in one scope: cards/*.js, then *.js, each by name; functions may stand anywhere. @DATA@ stays, for the
# program to replace.

function(contents variable)
  set(all "")
  foreach(file ${ARGN})
    file(READ ${file} text)
    string(APPEND all "${text}")
  endforeach()
  set(${variable} "${all}" PARENT_SCOPE)
endfunction()

# The SHA-256 of |text| in base64: 64 hexadecimal digits and two zeros are 22 threes of them, two letters each.
function(hash variable text)
  set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  string(SHA256 hex "${text}")
  set(hex ${hex}00)
  set(out "")
  foreach(at RANGE 0 63 3)
    string(SUBSTRING ${hex} ${at} 3 three)
    foreach(digit "0x${three} >> 6" "0x${three} & 63")
      math(EXPR index ${digit})
      string(SUBSTRING ${letters} ${index} 1 letter)
      string(APPEND out ${letter})
    endforeach()
  endforeach()
  string(SUBSTRING ${out} 0 43 out)
  set(${variable} "'sha256-${out}='" PARENT_SCOPE)
endfunction()

# What stands between the tags |tag| in |page|.
function(inside variable tag page)
  string(FIND "${page}" "<${tag}>" from)
  string(FIND "${page}" "</${tag}>" to REVERSE)
  string(LENGTH "<${tag}>" skip)
  math(EXPR from "${from} + ${skip}")
  math(EXPR size "${to} - ${from}")
  string(SUBSTRING "${page}" ${from} ${size} text)
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

file(GLOB styles ${FOLDER}/*.css)
file(GLOB cards ${FOLDER}/cards/*.js)
file(GLOB others ${FOLDER}/*.js)
contents(style ${styles})
contents(script ${cards} ${others})
contents(page ${FOLDER}/page.html)
string(REPLACE "@STYLE@" "${style}" page "${page}")
string(REPLACE "@SCRIPT@" "${script}" page "${page}")
inside(style style "${page}")
inside(script script "${page}")
hash(style "${style}")
hash(script "${script}")
# 'self' is the server of a page that is served; a file has none.
string(REPLACE "@POLICY@" "default-src 'none'; style-src ${style}; script-src 'self' ${script}; connect-src 'self'; base-uri 'none'; form-action 'none'"
  page "${page}")
file(WRITE ${OUTPUT} "${page}")
