-- invar in Neovim 0.7 and later: the language server for *.alloy, and highlighting by the tree-sitter grammar where its parser
-- (parser/alloy.so) and queries (queries/alloy/) are in a folder of the runtime path. Load it from init.lua.
local clients = {}

local function attach(buffer)
  local root = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ":p:h")
  local config = { name = "invar", cmd = { "invar", "lsp", "--stdio" }, root_dir = root }
  if vim.lsp.start then -- 0.8 and later
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  clients[root] = clients[root] or vim.lsp.start_client(config)
  vim.lsp.buf_attach_client(buffer, clients[root])
end

local function highlight(buffer)
  if #vim.api.nvim_get_runtime_file("parser/alloy.so", false) == 0 then
    return
  elseif vim.treesitter.start then -- 0.8 and later
    vim.treesitter.start(buffer, "alloy")
  else
    vim.treesitter.highlighter.new(vim.treesitter.get_parser(buffer, "alloy"))
  end
end

vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
  pattern = "*.alloy",
  callback = function(event)
    vim.bo.filetype = "alloy"
    vim.bo.commentstring = "// %s"
    vim.bo.expandtab = false
    highlight(event.buf)
    attach(event.buf)
  end,
})
