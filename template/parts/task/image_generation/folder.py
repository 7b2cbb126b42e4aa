# % include 'template/parts/task/image_classification/folder.py' %#
