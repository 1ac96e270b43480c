(comment) @comment

(block_name (identifier) @type)
(label) @label
(attribute name: (identifier) @property)
(field name: (identifier) @property)
(field name: (string) @property)

(variable (identifier) @variable)
(access name: (identifier) @property)
(call function: (variable (identifier) @function))
(call function: (access name: (identifier) @function))

(string) @string
(number) @number
(float) @number
(bool) @boolean
(null) @constant.builtin

["||" "&&" "!" "=" "==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "%" "^"] @operator
["{" "}" "(" ")" "[" "]"] @punctuation.bracket
["," "."] @punctuation.delimiter
