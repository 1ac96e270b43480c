[
  (body)
  (object)
  (array)
  (arguments)
  (parenthesized)
  (comment)
] @fold
