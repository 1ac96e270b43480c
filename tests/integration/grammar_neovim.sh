#!/bin/sh
# The grammar's package, installed for Neovim: the parser is compiled from what `npm pack` holds, the queries run on a file,
# and the editor's screen has the colours that the highlights query says. Skipped (77) where Neovim or a compiler is missing.
set -eu
command -v nvim >/dev/null 2>&1 && command -v cc >/dev/null 2>&1 || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cp -R "$INVAR_SOURCE/grammar" "$work/copy"
if command -v npm >/dev/null 2>&1; then
    (cd "$work/copy" && npm pack --silent --pack-destination "$work" >/dev/null)
    tar -xzf "$work"/tree-sitter-alloy-*.tgz -C "$work"
else
    mv "$work/copy" "$work/package"
fi
mkdir -p "$work/runtime/parser" "$work/runtime/queries/alloy"
cc -shared -fPIC -O1 -I "$work/package/src" -o "$work/runtime/parser/alloy.so" "$work/package/src/parser.c" \
    "$work/package/src/scanner.c"
cp "$work/package/queries"/*.scm "$work/runtime/queries/alloy/"
printf '// c\na.b "c" {\n  d = f(1) + "x" + true\n}\nbroken "x {\n  e = 12\n' >"$work/x.alloy"
cat >"$work/t.lua" <<'LUA'
local function check_queries(root)
  local counts = { highlights = 16, folds = 3, locals = 3 }
  for name, want in pairs(counts) do
    local query = vim.treesitter.get_query("alloy", name)
    local count = 0
    for _ in query:iter_captures(root, 0, 0, -1) do
      count = count + 1
    end
    assert(count >= want, name .. ": " .. count .. " captures")
  end
end
-- One letter a cell: the same letter is the same colour, a blank the plain one.
local function colours(row, width)
  local line = {}
  local letters = { [0] = " " }
  for column = 1, width do
    local attribute = vim.fn.screenattr(row, column)
    _G.seen = _G.seen or { count = 0 }
    if attribute ~= 0 and not _G.seen[attribute] then
      _G.seen[attribute] = string.char(97 + _G.seen.count)
      _G.seen.count = _G.seen.count + 1
    end
    line[column] = letters[attribute] or _G.seen[attribute]
  end
  return table.concat(line)
end
local function check()
  local root = vim.treesitter.get_parser(0, "alloy"):parse()[1]:root()
  assert(root:has_error(), "the broken end is no error")
  check_queries(root)
  vim.o.termguicolors = true
  -- A colour of its own for each group; by default some look alike.
  local groups = { "Comment", "Type", "Label", "Identifier", "Function", "String", "Number", "Boolean", "Operator", "Delimiter" }
  for i, group in ipairs(groups) do
    vim.cmd(string.format("highlight! link %s NONE | highlight %s guifg=#%06x gui=NONE", group, group, i * 4096))
  end
  vim.treesitter.highlighter.new(vim.treesitter.get_parser(0, "alloy"))
  vim.cmd("redraw!")
  local got = {}
  for row = 1, 6 do
    got[row] = colours(row, 23)
  end
  local want = {
    "aaaa                   ", -- comment
    "bcb ddd c              ", -- type, delimiter, label
    "  e f gchc f iii f jjjj", -- property, operator, function, number, string, boolean
    "c                      ",
    "bbbbbb    c            ", -- behind an error
    "  e f hh               ",
  }
  assert(vim.deep_equal(got, want), vim.inspect(got))
end
local ok, message = pcall(check)
if not ok then
  io.stderr:write(message .. "\n")
end
vim.cmd(ok and "qall!" or "cquit! 1")
LUA
timeout 60 nvim --headless -n -u NONE -c "set runtimepath^=$work/runtime" -c "luafile $work/t.lua" "$work/x.alloy"
