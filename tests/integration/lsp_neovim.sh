#!/bin/sh
# Debian's Neovim attaches to the language server: diagnostics, completion, hover, rename and formatting arrive
# in the editor, which is set up by docs/editors/neovim.lua. Skipped (77) where Neovim is missing.
set -eu
command -v nvim >/dev/null 2>&1 || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
printf 'prometheus.remote_write "main" {\n}\n\nprometheus.scrape "x" {\n\ttargets = []\n  forward_to = [prometheus.remote_write.main.receiver]\n\tscrape_intervall = "15s"\n}\n' >"$work/x.alloy"
cat >"$work/t.lua" <<'LUA'
local function wait(what, good)
  assert(vim.wait(20000, good, 20), "no " .. what .. ": " .. vim.inspect(vim.diagnostic.get(0)))
end
local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000)
  for _, answer in pairs(answers or {}) do
    return answer.result
  end
end
local function line(n)
  return vim.api.nvim_buf_get_lines(0, n - 1, n, true)[1]
end
local function check()
  assert(vim.bo.filetype == "alloy" and not vim.bo.expandtab)
  wait("diagnostics", function() return #vim.diagnostic.get(0) > 0 end)
  local found = vim.diagnostic.get(0)[1]
  assert(found.lnum == 6 and found.message:find("scrape_intervall", 1, true), vim.inspect(found))

  vim.api.nvim_win_set_cursor(0, { 7, 3 })
  local position = vim.lsp.util.make_position_params()
  local fixes = ask("textDocument/codeAction", vim.tbl_extend("force", vim.lsp.util.make_range_params(),
    { context = { diagnostics = {} } }))
  assert(fixes[1].title == 'Change to "scrape_interval"', vim.inspect(fixes))
  vim.lsp.util.apply_workspace_edit(fixes[1].edit, "utf-16")
  assert(line(7) == '\tscrape_interval = "15s"', line(7))
  wait("end of the diagnostics", function()
    return #vim.diagnostic.get(0, { severity = { min = vim.diagnostic.severity.WARN } }) == 0
  end)

  local hover = ask("textDocument/hover", position)
  assert(hover.contents.value:find("scrape_interval", 1, true), vim.inspect(hover))

  vim.api.nvim_win_set_cursor(0, { 6, 17 })
  local items = ask("textDocument/completion", vim.lsp.util.make_position_params()).items
  assert(#items == 1 and items[1].label == "prometheus.remote_write.main.receiver", vim.inspect(items))

  vim.api.nvim_win_set_cursor(0, { 1, 26 })
  vim.lsp.buf.rename("store")
  wait("rename", function() return line(1) == 'prometheus.remote_write "store" {' end)
  assert(line(6):find("prometheus.remote_write.store.receiver", 1, true), line(6))

  vim.lsp.buf.formatting_sync(nil, 20000)
  assert(line(4) == "\ttargets         = []", line(4))
  assert(line(6) == '\tscrape_interval = "15s"', line(6))
end
local ok, message = pcall(check)
if not ok then
  io.stderr:write(message .. "\n")
end
vim.cmd(ok and "qall!" or "cquit! 1")
LUA
cd "$work"
mkdir "$work/bin"
ln -s "$INVAR_BIN" "$work/bin/invar"
PATH=$work/bin:$PATH timeout 100 nvim --headless -n -u "$INVAR_SOURCE/docs/editors/neovim.lua" -c "luafile $work/t.lua" \
    "$work/x.alloy"
