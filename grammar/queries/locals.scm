; A block with a label is what references name; a module's body is a scope of its own.
(source_file) @local.scope
(block
  name: (block_name (identifier) @_name)
  body: (body) @local.scope
  (#any-of? @_name "declare" "template"))

(block label: (label) @local.definition)
(variable (identifier) @local.reference)
