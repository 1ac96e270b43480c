;;; invar in Emacs: a mode for *.alloy and the language server by eglot. Load it from init.el, then M-x eglot.
;;; Tested with Debian's Emacs 28 and eglot 1.9; from Emacs 29 on eglot is part of it.
(require 'eglot)

(defvar alloy-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 124" table)
    (modify-syntax-entry ?* ". 23b" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?` "\"" table)
    (modify-syntax-entry ?_ "w" table)
    table))

(defvar alloy-mode-font-lock
  '(("^[ \t]*\\([[:alpha:]_][[:alnum:]_.]*\\)[ \t]*\\(\"[[:alnum:]_]*\"\\)?[ \t]*{" (1 font-lock-type-face))
    ("^[ \t]*\\([[:alpha:]_][[:alnum:]_]*\\)[ \t]*=" (1 font-lock-variable-name-face))
    ("\\_<\\(true\\|false\\|null\\)\\_>" . font-lock-constant-face)))

(define-derived-mode alloy-mode prog-mode "Alloy"
  "Configuration files of Grafana Alloy."
  (setq-local comment-start "// "
              indent-tabs-mode t
              font-lock-defaults '(alloy-mode-font-lock)))

(add-to-list 'auto-mode-alist '("\\.alloy\\'" . alloy-mode))
(add-to-list 'eglot-server-programs '(alloy-mode . ("invar" "lsp" "--stdio")))
