"""Where clients and servers meet the fake: the only modules that know one."""
