#!/bin/sh
# Neovim loads the grammar as a parser of its own and runs the queries on a file. Skipped (77) where
# Neovim or a compiler is missing.
set -eu
command -v nvim >/dev/null 2>&1 && command -v cc >/dev/null 2>&1 || exit 77
grammar=$INVAR_SOURCE/grammar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cc -shared -fPIC -O1 -I "$grammar/src" -o "$work/alloy.so" "$grammar/src/parser.c" "$grammar/src/scanner.c"
printf '// c\na.b "c" {\n  d = f(1) + "x"\n}\n' >"$work/x.alloy"
cat >"$work/t.lua" <<'LUA'
local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end
local function check()
  vim.treesitter.require_language("alloy", vim.env.WORK .. "/alloy.so")
  local root = vim.treesitter.get_parser(0, "alloy"):parse()[1]:root()
  assert(not root:has_error(), "the tree has an error")
  local counts = { highlights = 16, folds = 3, locals = 3 }
  for name, want in pairs(counts) do
    local query = vim.treesitter.parse_query("alloy", read(vim.env.GRAMMAR .. "/queries/" .. name .. ".scm"))
    local count = 0
    for _ in query:iter_captures(root, 0, 0, -1) do
      count = count + 1
    end
    assert(count >= want, name .. ": " .. count .. " captures")
  end
end
local ok, message = pcall(check)
if not ok then
  io.stderr:write(message .. "\n")
end
vim.cmd(ok and "qall!" or "cquit! 1")
LUA
WORK=$work GRAMMAR=$grammar timeout 60 nvim --headless -n -u NONE -c "luafile $work/t.lua" "$work/x.alloy"
