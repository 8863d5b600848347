"""Where bytes come from: a repository, a working tree, plain files, standard input."""
